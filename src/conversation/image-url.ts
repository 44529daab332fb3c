/** The images that a model can be shown: web addresses, and PNG, JPEG, WEBP and GIF as base64 data URLs. */
export function isShownImage(url: string): boolean {
  return /^(?:https?:\/\/|data:image\/(?:png|jpeg|jpg|webp|gif);base64,)/i.test(url);
}
