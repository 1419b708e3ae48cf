/** 75 → "1:15"; 3700 → "1:01:40". */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A video's duration as a clock; 0 stands for an unknown one: "–". */
export const durationText = (seconds) => (seconds > 0 ? clock(seconds) : '–');

/** 12.3 → "12 s"; 75 → "1 min 15 s". */
export function spoken(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return whole % 60 === 0 || minutes >= 10 ? `${Math.round(whole / 60)} min` : `${minutes} min ${whole % 60} s`;
}

/** How long ago, in words. */
export function ago(atMs, nowMs = Date.now()) {
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const seconds = (atMs - nowMs) / 1000;
  for (const [unit, size] of [
    ['year', 31_557_600],
    ['month', 2_629_800],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return 'just now';
}

export const number = (value) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(4)).toString();
