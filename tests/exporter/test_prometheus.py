# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Prometheus scrapes it; the alert rules fire when they should; every query of the dashboard finds what it asks for."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from common import MIB, wait_until
from common.bus import own_bus
from common.service import running_service
from common.stub import Stub
from exporter import Exporter

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: memcoord
    static_configs: [{{targets: ["127.0.0.1:{real}", "127.0.0.1:{leaving}"]}}]
"""
# What a service has that comes and goes, beside the real one.
LEAVING = {"State": ["s", "running"], "HostCondition": ["s", "comfortable"], "Moves": ["t", 12], "FailedMoves": ["t", 1],
            "GrantedBytes": ["t", 5], "ReclaimedBytes": ["t", 7], "NeedSeconds": ["t", 90], "CriticalSeconds": ["t", 2],
            "Reclaimed": ["t", 9]}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Prometheus:
    def __init__(self, directory, rules, real, leaving):
        self.port = free_port()
        configuration = directory / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(rules=rules, real=real, leaving=leaving))
        self.log = open(directory / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={directory / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            told = json.load(answer)
        assert told["status"] == "success"
        return told["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def value(self, expression):
        """Of the one series that it finds."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def is_ready(self):
        try:
            return len(self.query("up == 1")) == 2
        except (urllib.error.URLError, ConnectionError):
            assert self.process.poll() is None
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory, source_root):
    """Prometheus, and the real service with a VM; beside it one that comes and goes."""
    with own_bus() as bus, own_bus() as other_bus:
        real, leaving = (Exporter(os.environ | {"DBUS_SESSION_BUS_ADDRESS": address}) for address in (bus, other_bus))
        stub = Stub(leaving.environment)
        prometheus = None
        try:
            stub.start(LEAVING)
            for exporter in (real, leaving):
                exporter.start()
            with running_service(bus, {"web": 1024 * MIB}) as service:
                service.wait_until(lambda: service.vms()["web"]["Unused"] > 0)
                service.tell("need", "web")
                service.wait_until(lambda: service.vms()["web"]["LastChange"] > 0)
                prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), source_root / "data/prometheus/memcoord.rules.yml",
                                        real.port, leaving.port)
                wait_until(prometheus.is_ready, 60, "Prometheus has scraped both")
                prometheus.real, prometheus.leaving = (f'instance="127.0.0.1:{each.port}"' for each in (real, leaving))
                prometheus.service, prometheus.stub = service, stub
                yield prometheus
        finally:
            stub.stop()
            for exporter in (real, leaving):
                exporter.close()
            if prometheus is not None:
                prometheus.stop()


def dashboard(source_root):
    return json.loads((source_root / "data/grafana/memcoord.json").read_text())


def expressions(source_root):
    return [target["expr"] for panel in dashboard(source_root)["panels"] for target in panel.get("targets", ())]


def test_prometheus_has_what_the_bus_has(watched):
    vm = watched.service.vms()["web"]
    for family, known in (("maximum", "Maximum"), ("minimum", "Minimum"), ("low_watermark", "LowWatermark")):
        assert watched.value(f'memcoord_vm_{family}_bytes{{vm="web",uuid="{vm["UUID"]}"}}') == vm[known]
    wait_until(lambda: watched.value("memcoord_vm_balloon_bytes") == watched.service.vms()["web"]["Balloon"], 20, "the same balloon")
    assert watched.value(f"memcoord_host_memory_bytes{{{watched.real}}}") == watched.service.host()["HostTotal"]


def test_prometheus_takes_it_as_openmetrics(watched):
    """The older format has no units."""
    told = watched.ask("targets/metadata", metric="memcoord_granted_bytes")
    assert [(entry["type"], entry["unit"]) for entry in told] == [("counter", "bytes")] * 2  # of both targets


def test_scrape_is_sound(watched):
    """It has no sample twice, and none too old or out of order: Prometheus warns of those."""
    assert watched.value(f"scrape_samples_scraped{{{watched.real}}}") > 20
    watched.log.seek(0)
    assert [line for line in watched.log if "scrape" in line and re.search(r"level=\"?(warn|error)", line, re.I)] == []


def test_every_query_of_the_dashboard_finds_something(watched, source_root):
    asked = expressions(source_root)
    assert len(asked) > 20
    wait_until(lambda: watched.query("rate(memcoord_moves_total[5s])"), 20, "there are two scrapes")
    for expression in asked:
        typed = re.sub(r"\$(?:instance|vm)\b", ".*", expression).replace("$__rate_interval", "5s")
        assert "$" not in typed and watched.query(typed) != [], expression


def test_every_variable_of_the_dashboard_has_values(watched, source_root):
    variables = [one for one in dashboard(source_root)["templating"]["list"] if one["type"] == "query"]
    assert len(variables) == 2
    for variable in variables:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        found = watched.ask(f"label/{label}/values", **{"match[]": selector.replace("$instance", ".*")})
        assert found != [] and variable["definition"] == variable["query"]["query"]


def test_every_rule_is_evaluated(watched):
    def rules():
        return watched.ask("rules")["groups"][0]["rules"]
    wait_until(lambda: {rule["health"] for rule in rules()} == {"ok"}, 20, lambda: f"all are well: {rules()}")
    assert len(rules()) > 5 and [rule["name"] for rule in rules() if rule["state"] == "firing"] == []


def test_service_that_is_away_is_seen(watched):
    """The exporter is up all the same, and nothing of what the service has shown is left."""
    watched.stub.stop()
    wait_until(lambda: watched.value(f"memcoord_up{{{watched.leaving}}}") == 0, 20, "it is away")
    assert watched.value(f"up{{{watched.leaving}}}") == 1
    wait_until(lambda: watched.query(f"memcoord_moves_total{{{watched.leaving}}}") == [], 20, "its figures are gone")
    watched.stub.start(LEAVING)
    wait_until(lambda: watched.value(f"memcoord_up{{{watched.leaving}}}") == 1, 20, "it is back")


# By promtool alone, and by what the source has.


def test_rules_fire_when_they_should(source_root, tmp_path):
    shutil.copy(source_root / "data/prometheus/memcoord.rules.yml", tmp_path)
    shutil.copy(source_root / "tests/exporter/memcoord.rules.test.yml", tmp_path)
    for what in (["check", "rules", "memcoord.rules.yml"], ["test", "rules", "memcoord.rules.test.yml"]):
        done = subprocess.run(["promtool", *what], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(source_root):
    rules = re.findall(r"- alert: (\w+)", (source_root / "data/prometheus/memcoord.rules.yml").read_text())
    tested = (source_root / "tests/exporter/memcoord.rules.test.yml").read_text()
    assert len(rules) > 5
    for rule in rules:
        assert re.search(rf"alertname: {rule}, exp_alerts: \[\]", tested), rule
        assert re.search(rf"alertname: {rule}\n +exp_alerts:\n", tested), rule


@pytest.mark.parametrize("document", ["data/grafana/memcoord.json", "data/prometheus/memcoord.rules.yml"])
def test_metrics_that_are_asked_for_are_exported(source_root, document):
    told = set(re.findall(r"``(memcoord_\w+)``", (source_root / "data/man/memcoordctl.rst").read_text()))
    asked = set(re.findall(r"\bmemcoord_\w+", (source_root / document).read_text()))
    assert asked and asked <= told


def test_dashboard_is_laid_out(source_root):
    """Nothing lies on something else, and all have what Grafana wants of them."""
    panels = dashboard(source_root)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        fields = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not fields & taken, panel["title"]
        taken |= fields
        assert panel["type"] == "row" or panel["description"].endswith("."), panel["title"]
        assert len({target["refId"] for target in panel.get("targets", ())}) == len(panel.get("targets", ()))
