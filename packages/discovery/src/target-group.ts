/** Labels by name. */
export type LabelSet = Readonly<Record<string, string>>;

/** Targets that come from one place; a later group of the same source replaces it. */
export interface TargetGroup {
  /** Where the group comes from, unique within its discoverer. */
  readonly source: string;
  /** Labels of each target; `__address__` is where it listens. */
  readonly targets: readonly LabelSet[];
  /** Labels of all of them; a target's own go before these. */
  readonly labels: LabelSet;
}
