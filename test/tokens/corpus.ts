// Texts to try the encoder on, from what every checkout has: the packages in node_modules, the names that ICU knows in
// each language, a few sentences of our own, and characters drawn by chance, always the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Draw, drawFrom, pick } from './draw.ts';

export interface Corpus {
  readonly name: string;
  /** As long as messages are, a few thousand characters each. */
  readonly texts: readonly string[];
}

const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const textLength = 4000;

/** About as many characters of each kind of text as there are, at most so many. */
export function naturalCorpora(maxCharacters: number): readonly Corpus[] {
  const half = maxCharacters / 2;
  return [
    { name: 'English', texts: filesEnding('.md', maxCharacters) },
    { name: 'code', texts: [...filesEnding('.ts', half), ...filesEnding('.js', half)] },
    { name: 'JSON', texts: filesEnding('.json', maxCharacters) },
    ...Object.keys(sentences).map(language => ({
      name: languageName(language),
      texts: sentencesOf(language, maxCharacters),
    })),
    { name: 'emoji', texts: chunks(emojiText(maxCharacters / 4)) },
  ];
}

/** Files of the packages, in the order of their paths, none with more than a twentieth of the whole. */
function filesEnding(ending: string, maxCharacters: number): string[] {
  const texts: string[] = [];
  let left = maxCharacters;
  for (const path of walk(packages)) {
    // Built for browsers, in few and endless lines: no code that people look at.
    if (!path.endsWith(ending) || path.endsWith(`.min${ending}`)) continue;
    const text = readFileSync(path, 'utf8').slice(0, Math.min(left, maxCharacters / 20));
    left -= text.length;
    texts.push(...chunks(text));
    if (left <= 0) break;
  }
  return texts;
}

function* walk(directory: string): Generator<string> {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((one, two) =>
    one.name < two.name ? -1 : 1,
  );
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}

/** Pieces that keep characters whole. */
function chunks(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + textLength, text.length);
    if ((text.charCodeAt(end) & 0xfc00) === 0xdc00) end -= 1;
    found.push(text.slice(at, end));
    at = end;
  }
  return found;
}

/** Each with places for a thing (#), a number (1) and a date (2), which are filled by chance. */
const sentences: Readonly<Record<string, readonly string[]>> = {
  zh: [
    '我们昨天讨论了#的问题，但是还没有得出结论。',
    '请把第1个文件发给#，谢谢！',
    '在2之前，#的人口大约是1万人。',
    '“你觉得#怎么样？”她问道：“我还不太了解这件事。”',
    '服务器返回了错误代码1（#），请稍后再试……',
    '春天来了，花园里的树都开满了白色的花，孩子们在草地上奔跑、唱歌。',
  ],
  ja: [
    '昨日は#について話し合いましたが、まだ結論は出ていません。',
    '1番目のファイルを#に送ってください。よろしくお願いします！',
    '2までに、#の人口は約1万人になる見込みです。',
    '「#はどう思いますか？」と彼女は尋ねた。ガンダムとプログラミングが好きだ。',
    'サーバーがエラーコード1(#)を返しました。しばらくしてからもう一度お試しください…',
    '春になると、庭の木々には白い花が咲き、子どもたちは草の上を走りながら歌っていた。',
  ],
  ar: [
    'ناقشنا أمس مسألة # لكننا لم نصل إلى نتيجة بعد.',
    'أرسل الملف رقم 1 إلى # من فضلك، وشكرًا جزيلًا!',
    'قبل 2 كان عدد سكان # نحو 1 نسمة؛ وهذا كثيرٌ جدًّا.',
    'سألته: «ما رأيك في #؟» فقال: لا أعرف شيئًا عن هذا الأمر.',
    'أعاد الخادم رمز الخطأ 1 (#)، حاول مرة أخرى لاحقًا…',
    'بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ — في الرَّبيعِ تُزهِرُ الأشجارُ ويلعبُ الأطفال.',
  ],
  ru: [
    'Вчера мы обсуждали вопрос «#», но к выводу пока не пришли.',
    'Пришлите, пожалуйста, файл № 1 в #, спасибо!',
    'До 2 население (#) составляло около 1 тысяч человек.',
    '— Что вы думаете про #? — спросила она. — Я об этом почти ничего не знаю.',
    'Сервер вернул код ошибки 1 (#); попробуйте ещё раз позже…',
    'Весной деревья в саду покрылись белыми цветами, и дети бегали по траве и пели.',
  ],
  ko: [
    '어제 #에 대해 이야기했지만 아직 결론이 나지 않았습니다.',
    '1번 파일을 2까지 #에게 보내 주세요. 감사합니다!',
  ],
  hi: ['कल हमने # पर चर्चा की, लेकिन अभी कोई निष्कर्ष नहीं निकला।', 'कृपया 2 तक फ़ाइल 1 # को भेजें, धन्यवाद!'],
  th: ['เมื่อวานเราคุยกันเรื่อง# แต่ยังไม่มีข้อสรุป', 'กรุณาส่งไฟล์ที่ 1 ไปที่# ภายใน2 ขอบคุณครับ'],
  he: ['אתמול דנּוּ בשאלה של #, אבל עוד לא הגענו למסקנה.', 'נא לשלוח את קובץ 1 אל # עד 2, תודה!'],
  vi: [
    'Hôm qua chúng tôi đã thảo luận về #, nhưng chưa có kết luận.',
    'Vui lòng gửi tệp 1 cho # trước 2, cảm ơn!',
  ],
  fr: [
    "Hier, nous avons parlé de « # », mais nous n'avons pas conclu.",
    "Envoyez le fichier nº 1 à # d'ici 2 !",
  ],
};

function languageName(language: string): string {
  return new Intl.DisplayNames('en', { type: 'language' }).of(language) ?? language;
}

function sentencesOf(language: string, maxCharacters: number): string[] {
  const draw = drawFrom(language);
  const things = thingsIn(language);
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeZone: 'UTC' });
  const numbers = new Intl.NumberFormat(language);
  let text = '';
  while (text.length < maxCharacters) {
    text += pick(draw, sentences[language] ?? [])
      .replace('#', () => pick(draw, things))
      .replace('1', () => numbers.format(Math.floor(draw() * 10 ** Math.ceil(draw() * 7))))
      .replace('2', () => dates.format(new Date(draw() * 2e12)));
    text += pick(draw, ['', ' ', ' ', '\n', '\n\n', '\r\n- ', '\n\t']);
  }
  return chunks(text);
}

/** Countries, languages, scripts and currencies in the words of a language. */
function thingsIn(language: string): string[] {
  const codes = { region: [] as string[], language: [] as string[] };
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  for (const one of letters)
    for (const two of letters) {
      codes.region.push(`${one}${two}`.toUpperCase());
      codes.language.push(`${one}${two}`);
    }
  const kinds = { ...codes, currency: Intl.supportedValuesOf('currency') };
  return Object.entries(kinds).flatMap(([type, list]) => {
    const names = new Intl.DisplayNames(language, {
      type: type as 'region' | 'language' | 'currency',
      fallback: 'none',
    });
    return list.flatMap(code => names.of(code) ?? []);
  });
}

function emojiText(maxCharacters: number): string {
  const draw = drawFrom('emoji');
  const single = Array.from({ length: 0x500 }, (_, at) => String.fromCodePoint(0x1f300 + at)).filter(one =>
    /\p{Emoji_Presentation}/u.test(one),
  );
  const joined = ['👨‍👩‍👧‍👦', '🏳️‍🌈', '👩🏽‍💻', '🇩🇪🇯🇵', '1️⃣', '❤️‍🔥', '🤷🏿‍♂️', '☎️', '✈︎', '🫶🏻'];
  let text = '';
  while (text.length < maxCharacters) {
    const one = pick(draw, draw() < 0.7 ? single : joined);
    text += pick(draw, [one, one.repeat(3), ` ${one}`, `${one} ok`, `so${one}! `, `${one}\n`]);
  }
  return text;
}

/** Characters of every script, in and out of any order, among spaces, digits and marks. */
export function randomUnicode(maxCharacters: number, isWanted: (character: string) => boolean): Corpus {
  const draw = drawFrom('unicode');
  const texts = chunks(mixture(draw, maxCharacters, isWanted));
  return { name: 'random Unicode', texts };
}

const seams = [
  ' ',
  ' ',
  '  ',
  '   ',
  '\n',
  '\r\n',
  '\t',
  '\u00a0',
  '\u0085',
  '\u3000',
  '\u2028',
  "'s",
  "'ll",
  "'",
  '7',
];

function mixture(draw: Draw, maxCharacters: number, isWanted: (character: string) => boolean): string {
  let text = '';
  while (text.length < maxCharacters) {
    // A few neighbours of one block, so that there are words; sometimes from anywhere.
    const block = Math.floor(draw() * (draw() < 0.8 ? 0x3400 : 0x32000));
    for (let left = Math.ceil(draw() * 12); left > 0; left -= 1) {
      const codePoint = block + Math.floor(draw() * 64);
      const character = String.fromCodePoint(codePoint);
      if (/\P{Cn}/u.test(character) && !/\p{Cs}/u.test(character) && isWanted(character))
        text += draw() < 0.1 ? character.normalize('NFD') : character;
    }
    text += pick(draw, seams);
  }
  return text;
}
