/** A loss over a training, in as many points as a plot shows. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

const MOST_POINTS = 80;

/** Thinned by taking means of neighbours once there are too many, so that any length of training fits. */
export class LossCurve {
  private points: { step: number; loss: number; weight: number }[] = [];

  add(step: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    this.points.push({ step, loss, weight: 1 });
    if (this.points.length < 2 * MOST_POINTS) return;
    this.points = Array.from({ length: MOST_POINTS }, (_, i) => {
      const [a, b] = [this.points[2 * i], this.points[2 * i + 1]];
      const weight = a.weight + b.weight;
      return { step: b.step, loss: (a.loss * a.weight + b.loss * b.weight) / weight, weight };
    });
  }

  read(): LossPoint[] {
    return this.points.map((point) => ({ step: point.step, loss: point.loss }));
  }
}
