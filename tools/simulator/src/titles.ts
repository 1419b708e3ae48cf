/** What channels and videos are called; made when asked for, since a million titles would fill the memory. */
import type { Random } from '@watchnext/learning';
import { pick } from './draws';
import { LANGUAGES, TOPICS_OF_THE_WORLD } from './topics';

const FORMS: Readonly<Record<(typeof LANGUAGES)[number], readonly string[]>> = {
  en: [
    '{A} and {b}, step by step',
    'The {b} guide to {topic}',
    '{A}: a closer look',
    'A day of {topic}: {b}',
    'Why {b} matters',
  ],
  de: ['{A} und {b}, Schritt für Schritt', 'Alles über {b}', '{A} genau erklärt', 'Ein Tag mit {b}'],
  fr: ['{A} et {b}, pas à pas', 'Tout savoir sur {b}', '{A} : de plus près', 'Une journée avec {b}'],
  pt: ['{A} e {b}, passo a passo', 'Tudo sobre {b}', '{A} de perto', 'Um dia com {b}'],
  es: ['{A} y {b}, paso a paso', 'Todo sobre {b}', '{A} de cerca', 'Un día con {b}'],
  ja: ['{A}と{b}の基本', '{b}入門', '{A}を徹底解説', '{b}の一日'],
};
const BAIT_FORMS: typeof FORMS = {
  en: ['{A}: you will not believe this {b}', 'They HID this {b} from you', '{A} GONE WRONG'],
  de: ['{A}: das glaubst du NIE', 'Was sie dir über {b} VERSCHWEIGEN'],
  fr: ['{A} : vous n’allez PAS le croire', 'Ce qu’on vous CACHE sur {b}'],
  pt: ['{A}: você NÃO vai acreditar', 'O que ESCONDEM sobre {b}'],
  es: ['{A}: NO te lo vas a creer', 'Lo que te OCULTAN de {b}'],
  ja: ['{A}の衝撃の真実', '絶対に知るべき{b}'],
};

export function videoTitle(topicIndex: number, languageIndex: number, isBait: boolean, random: Random): string {
  const topic = TOPICS_OF_THE_WORLD[topicIndex];
  const words = topic.words[languageIndex];
  const form = pick((isBait ? BAIT_FORMS : FORMS)[LANGUAGES[languageIndex]], random);
  return form
    .replace('{A}', capitalise(pick(words, random)))
    .replace('{b}', pick(words, random))
    .replace('{topic}', topic.name);
}

export function channelName(topicIndex: number, languageIndex: number, random: Random): string {
  const word = pick(TOPICS_OF_THE_WORLD[topicIndex].words[languageIndex], random);
  return `${capitalise(word)} ${pick(['Weekly', 'Lab', 'Club', 'Today', 'Corner', 'TV', 'Plus', '24'], random)}`;
}

const capitalise = (word: string) => word[0].toUpperCase() + word.slice(1);
