// Which form of an assistant's turn a model takes.
import type { ModelInfo } from '../turn/model.ts';
import type { MessageForm } from './format-messages.ts';

const forms = new Map<string, MessageForm>();

/**
 * `tool_plan` is known to be taken by the models that write one: those with tools and without reasoning.
 * Reasoning models refuse it, or were never seen with it; for unknown ones the form that all models take is used.
 * The same object for the same form, so that what is derived from it can be kept.
 */
export function messageForm(info: ModelInfo | undefined): MessageForm {
  const features = info?.features;
  const thinking = features?.has('reasoning') ?? false;
  const toolPlan = (features?.has('tools') ?? false) && !thinking;
  const citations = features?.has('citations') ?? false;
  const images = features?.has('vision') ?? true;
  const key = `${thinking} ${toolPlan} ${citations} ${images}`;
  let form = forms.get(key);
  if (!form) {
    form = { thinking, toolPlan, citations, images };
    forms.set(key, form);
  }
  return form;
}
