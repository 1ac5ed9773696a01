# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter's threads with more to do than there are of them, for ThreadSanitizer above all."""

import random

VMS = 20
ROUNDS = 40


def node_of(path):
    domains = "".join(
        f"""<domain type="test"><name>vm{i}</name><uuid>c0ffee00-0000-4000-8000-{i:012x}</uuid>
            <memory unit="MiB">1024</memory><os><type>hvm</type></os>
            <devices><memballoon model="virtio"/></devices></domain>"""
        for i in range(VMS)
    )
    path.write_text(f"<node>{domains}</node>")


def uuid_of(i):
    return f"c0ffee00-0000-4000-8000-{i:012x}"


def order(chance):
    uuid = uuid_of(chance.randrange(VMS))
    return chance.choice([
        ("sample", 500),
        ("describe", uuid),
        ("target", uuid, chance.randrange(256, 1024) << 20),
        ("period", uuid, chance.randrange(1, 10)),
        ("metadata", uuid, f"<policy><weight>{chance.randrange(1, 1000)}</weight></policy>"),
    ])


def churn(probe, chance):
    asked = [probe.ask(*order(chance)) for _ in range(50)]
    name = f"vm{chance.randrange(VMS)}"
    asked += [probe.ask("act", name, verb) for verb in ("suspend", "resume", "destroy", "create")]
    return [probe.answer(number, timeout=60) for number in asked]


def test_many_calls_at_once(start_probe, tmp_path):
    node_of(tmp_path / "node.xml")
    probe = start_probe(f"test://{tmp_path}/node.xml")
    probe.wait_connected()
    chance = random.Random(1)
    churn(probe, chance)
    descriptors = probe.count_descriptors()
    fine = 0
    for _ in range(ROUNDS):
        answers = churn(probe, chance)
        # A call of the same kind for the same VM is refused while one is under way; a VM may just be away.
        assert {answer["error"] for answer in answers if "error" in answer} <= {"busy", "no-vm", "failed"}
        fine += sum("error" not in answer for answer in answers)
    assert fine > ROUNDS * 25
    assert len(probe.sample(5000)) == VMS
    assert probe.count_descriptors() <= descriptors + 4
    probe.ask("describe", uuid_of(0))  # still under way when it ends
    assert probe.stop() == 0
