// Prints the number of passed and failed tests as the last line.
export default class LastLineReporter {
  #results = new Map();
  #errors = 0;

  onTestEnd(test) {
    this.#results.set(test.id, test.outcome());
  }

  // An error outside the tests, such as in the setup.
  onError() {
    this.#errors += 1;
  }

  onExit() {
    const outcomes = [...this.#results.values()];
    const passed = outcomes.filter((outcome) => outcome === "expected").length;
    const failed = outcomes.filter((outcome) => ["unexpected", "flaky"].includes(outcome)).length;
    console.log(`${passed} passed, ${failed || this.#errors} failed`);
  }
}
