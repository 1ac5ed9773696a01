# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random guests, loads and faults together on the test bed, with what must always hold checked every second.

    tests/guests/soak [--minutes 30] [--seed N]

The same seed plans the same faults at the same times. Ends with 1 where something did not hold.
"""

import argparse
import random
import sys

from . import Soak


def main():
    parser = argparse.ArgumentParser(prog="tests/guests/soak", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="how long it goes on (default: 30)")
    parser.add_argument("--seed", type=int, help="what chance follows (default: another each time)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    soak = Soak(options.minutes * 60, seed, tell=lambda text: print(text, flush=True))
    soak.run()
    print(soak.report())
    return 1 if soak.broken else 0


sys.exit(main())
