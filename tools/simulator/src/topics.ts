/**
 * What the world's videos are about, in the words that titles and searches use, in each of the world's languages.
 * A word belongs to one topic, whatever the language, so that a search gives its intent away to whoever learns the words.
 */
export const LANGUAGES = ['en', 'de', 'fr', 'pt', 'es', 'ja'] as const;
export const ENGLISH = 0;

export interface Topic {
  readonly name: string;
  /** By language, in the order of `LANGUAGES`. */
  readonly words: readonly (readonly string[])[];
  /** Age in years at which the topic is liked best; profiles say something about taste this way. */
  readonly centreAgeYears: number;
  /** How much more women (above 0) or men (below 0) like it, as a share. */
  readonly femaleLean: number;
}

const topic = (name: string, centreAgeYears: number, femaleLean: number, ...words: string[]): Topic => ({
  name,
  centreAgeYears,
  femaleLean,
  words: words.map((text) => text.split(' ')),
});

/** In falling order of how many channels and lovers each has. */
export const TOPICS_OF_THE_WORLD: readonly Topic[] = [
  topic(
    'cooking',
    45,
    0.3,
    'recipe pasta baking soup oven spice dinner sourdough',
    'kochen rezept backofen suppe gewürz abendessen',
    'cuisine recette cuisson potage épice dîner',
    'receita cozinha forno sopa tempero jantar',
    'horno caldo especias cena cocinar guiso',
    '料理 煮物 弁当 出汁 献立',
  ),
  topic(
    'football',
    25,
    -0.4,
    'goal striker derby penalty league stadium offside',
    'fußball stürmer elfmeter bundesliga abseits tor',
    'footballeur attaquant ballon arbitre prolongation équipe',
    'futebol atacante pênalti campeonato goleiro gol',
    'fútbol delantero portero liguilla golazo balón',
    '蹴球 得点 選手 試合 監督',
  ),
  topic(
    'gaming',
    19,
    -0.3,
    'speedrun boss loot quest arcade console respawn pixel',
    'spielstand endgegner zocken konsole beute rollenspiel',
    'manette joueur niveau butin jeuvidéo partie',
    'jogador fase chefão controle videojogo missão',
    'videojuego mando jefe partida nivel logro',
    '攻略 実況 対戦 勇者 遊戯',
  ),
  topic(
    'music',
    24,
    0.1,
    'guitar chorus drummer vinyl melody concert piano remix',
    'gitarre schlagzeug konzert klavier lied schallplatte',
    'guitare batterie chanson mélodie refrain orchestre',
    'violão bateria canção samba melodia palco',
    'guitarra canción tambor letra acordes escenario',
    '音楽 演奏 歌手 作曲 楽器',
  ),
  topic(
    'travel',
    38,
    0.1,
    'train island hostel harbour passport sunrise itinerary',
    'reise insel zugfahrt reisepass hafen sonnenaufgang',
    'voyage île passeport auberge plage randonnée',
    'viagem ilha mochilão passaporte praia roteiro',
    'viaje isla pasaporte maleta playa mochilero',
    '旅行 温泉 列車 宿泊 離島',
  ),
  topic(
    'science',
    35,
    -0.1,
    'quantum telescope enzyme volcano gravity neuron comet fossil',
    'wissenschaft teleskop vulkan schwerkraft gehirn komet',
    'physique télescope volcan gravité cerveau comète',
    'ciência telescópio vulcão gravidade cérebro cometa',
    'telescopio volcán gravedad neurona fósil cuántica',
    '科学 宇宙 火山 実験 重力',
  ),
  topic(
    'gardening',
    58,
    0.3,
    'tomato pruning compost orchard seedling greenhouse rose mulch',
    'garten kompost tomaten gewächshaus rasen obstbaum',
    'jardin potager semis taille serre rosier',
    'jardim horta muda poda estufa adubo',
    'huerto jardín semilla riego invernadero abono',
    '園芸 菜園 剪定 堆肥 苗',
  ),
  topic(
    'fitness',
    30,
    0.1,
    'squat stretching marathon kettlebell interval mobility sprint',
    'kniebeuge dehnen muskelaufbau ausdauer liegestütz hantel',
    'musculation étirement pompes endurance abdominaux course',
    'treino agachamento alongamento flexão corrida academia',
    'sentadilla flexiones pesas resistencia entrenamiento estirar',
    '筋肉 体操 腹筋 走り込み 柔軟',
  ),
  topic(
    'history',
    55,
    -0.2,
    'empire castle treaty viking archive revolution medieval coin',
    'geschichte burg kaiserreich mittelalter ritter vertrag',
    'histoire château chevalier royaume traité moyenâge',
    'império castelo tratado rei escravidão colônia',
    'castillo imperio conquista reyes batalla siglo',
    '歴史 戦国 武将 幕府 遺跡',
  ),
  topic(
    'programming',
    28,
    -0.3,
    'compiler typescript kernel debugger algorithm refactor database terminal',
    'programmieren datenbank fehlersuche quelltext schnittstelle speicher',
    'logiciel algorithme débogage codage processeur fonction',
    'programação código depurador backend algoritmo variável',
    'programar depurar iterador datos función compilar',
    '開発 言語処理 関数 配列 設計',
  ),
  topic(
    'film',
    33,
    0,
    'director trailer scene noir screenplay sequel animation soundtrack',
    'kinofilm regisseur drehbuch szene fortsetzung schauspieler',
    'cinéma réalisateur scénario tournage acteur bandeannonce',
    'cinema diretor roteirista estreia ator bilheteria',
    'película guion estreno actriz taquilla rodaje',
    '映画 俳優 脚本 予告 名場面',
  ),
  topic(
    'cars',
    40,
    -0.4,
    'engine gearbox rally turbo restoration brakes hybrid track',
    'auto getriebe bremsen motorraum oldtimer werkstatt',
    'voiture moteur frein circuit pneus boîtedevitesses',
    'carro câmbio freio oficina pneu arrancada',
    'coche frenos llanta taller embrague carrera',
    '自動車 整備 試乗 発動機 車検',
  ),
  topic(
    'wildlife',
    48,
    0.1,
    'otter eagle savanna reef wolf migration penguin camouflage',
    'tiere adler wildnis robbe wolfsrudel vogelzug',
    'animaux loutre aigle savane loup récif',
    'bichos lontra águia onça floresta recife',
    'nutria águilas lobo selva arrecife jaguar',
    '動物 野鳥 狼 渡り鳥 生態',
  ),
  topic(
    'crafts',
    50,
    0.4,
    'knitting woodwork pottery origami embroidery lathe leather quilt',
    'stricken töpfern holzarbeit nähen sticken leder',
    'tricot poterie couture broderie menuiserie cuir',
    'crochê costura bordado marcenaria cerâmica couro',
    'tejer bordar cerámica carpintería cuero costurera',
    '手芸 編み物 陶芸 木工 折り紙',
  ),
  topic(
    'money',
    42,
    -0.1,
    'budget mortgage dividend pension inflation tax savings startup',
    'geld steuer rente aktien sparen haushaltsplan',
    'argent impôt épargne retraite bourse crédit',
    'dinheiro imposto poupança aposentadoria ações investir',
    'dinero impuesto ahorro hipoteca bolsa jubilación',
    '投資 節約 年金 税金 株式',
  ),
  topic(
    'comedy',
    22,
    0,
    'sketch prank parody improv standup blooper satire impression',
    'witz streich kabarett komiker parodie versprecher',
    'humour blague sketchs caméracachée humoriste canular',
    'piada humorista pegadinha zoeira paródia palhaço',
    'chiste broma comediante monólogo payaso sátira',
    '漫才 喜劇 落語 冗談 物真似',
  ),
];

export interface Country {
  readonly code: string;
  /** Index in `LANGUAGES`. */
  readonly language: number;
  /** Share of the viewers. */
  readonly share: number;
  /** How many of those who do not speak it at home understand English. */
  readonly englishShare: number;
  readonly utcOffsetHours: number;
}

export const COUNTRIES_OF_THE_WORLD: readonly Country[] = [
  { code: 'US', language: 0, share: 0.24, englishShare: 1, utcOffsetHours: -6 },
  { code: 'IN', language: 0, share: 0.16, englishShare: 1, utcOffsetHours: 5.5 },
  { code: 'DE', language: 1, share: 0.15, englishShare: 0.65, utcOffsetHours: 1 },
  { code: 'FR', language: 2, share: 0.13, englishShare: 0.5, utcOffsetHours: 1 },
  { code: 'BR', language: 3, share: 0.14, englishShare: 0.35, utcOffsetHours: -3 },
  { code: 'MX', language: 4, share: 0.1, englishShare: 0.4, utcOffsetHours: -6 },
  { code: 'JP', language: 5, share: 0.08, englishShare: 0.3, utcOffsetHours: 9 },
];
/** Share of the channels by language, in the order of `LANGUAGES`: English is made for more than those who speak it. */
export const LANGUAGE_SHARES = [0.44, 0.14, 0.12, 0.12, 0.1, 0.08];

export const COUNTRIES = COUNTRIES_OF_THE_WORLD.map(({ code }) => code);
export const DEVICES = ['phone', 'desktop', 'tv'] as const;
export type Device = (typeof DEVICES)[number];
