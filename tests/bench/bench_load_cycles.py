"""Loads and unloads the tiny model again and again; the daemon's and the workers' memory stay flat.

    python tests/bench/bench_load_cycles.py [--cycles 1000]

Prints resident memory of this process (MB) and of the fresh worker at equal steps, and the slope
over the second half in KB a cycle.
"""

import argparse
import tempfile
import time
from pathlib import Path

import anyio
import anyio.lowlevel
import numpy as np
import psutil

from routerd.engines.pool import EnginePool
from routerd.settings.places import shipped_model

SETTINGS = {"context_tokens": 512, "gpu_layers": 0, "threads": 1}
BODY = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4, "stream": True}


async def cycles(count: int, model: str, folder: Path) -> list[tuple[float, float]]:
    """Return (own memory, worker's memory) in MB after each cycle."""
    me, found = psutil.Process(), []
    async with EnginePool(folder) as pool:
        for number in range(count):
            async for _ in pool.chat(model, SETTINGS, BODY):
                continue
            workers = [child.memory_info().rss for child in me.children()]
            while not await pool.unload(model):
                await anyio.lowlevel.checkpoint()  # its last event is still on the way
            found.append((me.memory_info().rss / 1e6, max(workers, default=0) / 1e6))
            if (number + 1) % max(count // 10, 1) == 0:
                print(
                    f"{number + 1:>6} cycles: {found[-1][0]:.1f} MB, worker {found[-1][1]:.1f} MB"
                )
        left = len(me.children())
    print(f"workers left: {left}")
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=1000)
    count = parser.parse_args().cycles
    model = str(shipped_model("plumbing") / "plumbing.gguf")
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = anyio.run(cycles, count, model, Path(folder))
    own = np.array([mine for mine, _ in found[count // 2 :]])
    slope = np.polyfit(np.arange(len(own)), own, 1)[0] * 1e3 if len(own) > 1 else 0.0
    print(
        f"{count} cycles in {time.monotonic() - began_s:.0f} s; second half {slope:+.3f} KB a cycle"
    )


if __name__ == "__main__":
    main()
