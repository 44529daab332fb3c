// Requests that some programs send beside a chat, with an instruction of their own behind it: for a title, for tags, for
// a summary. The chat goes on without them. Nothing but the wording tells them from what a user says.
import type { Message } from './message.ts';
import { textOf } from './message.ts';

const verb = `(?:generate|create|write|give|suggest|provide|propose|make|come up with|summari[sz]e|categori[sz]e)`;
const thing = `(?:titles?|tags?|headlines?|topics?|subject|names?|summary|prompt|follow[- ]?ups?|keywords?|emoji)`;
const whole = `(?:conversation|chat|dialogu?e?|discussion|messages|exchange|thread|above|so far)`;

/** An instruction, a title or the like, and within reach of it the conversation as a whole. */
const instruction = new RegExp(String.raw`\b${verb}\b[^.?!\n]{0,80}\b${thing}\b`, 'i');
const aboutWhole = new RegExp(String.raw`\b${whole}\b`, 'i');
const titleAlone = new RegExp(
  String.raw`^\s*(?:please\s)?${verb}\s(?:(?:a|an|the|some|short|brief|concise|me|us)\s){0,4}${thing}\b[^a-z]{0,3}$`,
  'i',
);
const summary = new RegExp(
  String.raw`^\s*(?:please\s)?summari[sz]e\s(?:(?:the|this|our|whole|entire)\s){1,3}${whole}\b`,
  'i',
);

// NextChat asks in the language of its user, in twenty of them: for a title or topic, and without punctuation.
const titles =
  /(?<!\p{L})(?:titles?|titre|t[ií]tulo|tit[eu]l|titolo|topi[ck]|tópico|th[eè]m[ae]|t[eé]ma|sujet|argomento|emne|overskrift|konu|başlık|başlığ|тем[аыу]|заголовок|заголовк|названи)|主题|主題|标题|標題|题目|テーマ|タイトル|題名|주제|제목|chủ đề|tiêu đề|موضوع|عنوان|থিম|শিরোনাম/iu;
const punctuation =
  /(?<!\p{L})(?:punctuation|quotation marks|ponctuation|guillemets|pontuação|aspas|puntuación|comillas|punteggiatura|virgolette|satzzeichen|anführungszeichen|tegns[eæ]t[nt]ing|anførselstegn|interpunk|úvodzov|uvozov|noktalama|tırnak|tanda baca|знак\p{L}* препинания|кавыч)|标点|標點|引号|引號|句読点|문장 부호|따옴표|dấu câu|علامات ترقيم|বিরাম চিহ্ন/iu;

/** What is longer is no instruction alone. */
const searchedLength = 4_000;
const titleLength = 600;

/** Whether a transcript asks for something about the chat in front, and is not the chat itself that goes on. */
export function isSideRequest(added: readonly Message[]): boolean {
  const [message, ...others] = added;
  if (!message || others.length > 0) return false;
  // Nobody said anything: a program asks for itself (NextChat's memory).
  if (message.role === 'system') return true;
  if (message.role !== 'user') return false;
  const whole = textOf(message);
  const text = whole.slice(0, searchedLength);
  if (titleAlone.test(text) || summary.test(text)) return true;
  if (instruction.test(text) && aboutWhole.test(text)) return true;
  return whole.length <= titleLength && titles.test(text) && punctuation.test(text);
}
