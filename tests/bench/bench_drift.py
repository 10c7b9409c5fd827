"""5 000 requests whose favourite model gets worse under way: how soon is it noticed, what is won back.

`python -m tests.bench.bench_drift [SEEDS]`: simulated answers; matrix and decision are the daemon's.
"""

import sys

from tests.fakes import drift


def main() -> None:
    """Play and print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(
        f"{'drop':>5} {'noticed after uses':>24} {'before':>7} {'ideal':>7} {'ours':>7} "
        f"{'stubborn':>8} {'recovered':>9} {'false alarms':>12}"
    )
    for drop in (1.0, 2.0, 3.0):
        courses = [drift.run(drop=drop, seed=seed) for seed in range(seeds)]
        after = sorted(course.noticed_after for course in courses)

        def mean(name: str, courses: list[drift.Course] = courses) -> float:
            return sum(getattr(course, name) for course in courses) / len(courses)

        print(
            f"{drop:5.1f} {f'median {after[len(after) // 2]}, most {after[-1]}':>24} "
            f"{mean('before'):7.3f} {mean('ideal'):7.3f} {mean('after'):7.3f} "
            f"{mean('stubborn'):8.3f} {mean('recovered'):9.1%} {mean('false_alarms'):12.1f}"
        )
        missed = sum(course.noticed_after < 0 for course in courses)
        if missed:
            print(f"      not noticed in {missed} of {seeds}")


if __name__ == "__main__":
    main()
