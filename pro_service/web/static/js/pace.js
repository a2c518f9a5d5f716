/* How long the rest takes: at first what a question takes on average, more and more what it takes this person. */

const WEIGHT = 10; // the average counts as so many questions of the person's own
const LONGEST = 60; // seconds; whoever stays longer was away

export class Pace {
  constructor(seconds) {
    this.spent = seconds * WEIGHT;
    this.questions = WEIGHT;
  }

  took(seconds) {
    this.spent += Math.min(seconds, LONGEST);
    this.questions += 1;
  }

  /** Whole minutes for so many questions, at least one. */
  minutes(questions) {
    return Math.max(1, Math.ceil((questions * this.spent) / this.questions / 60));
  }
}
