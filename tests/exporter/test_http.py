# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are slow, confused or hostile: each gets a proper answer or none, and others are served meanwhile."""

import contextlib
import os
import signal
import socket
import time

import pytest

from common import wait_until
from common.service import growth
from exporter import read_all

LIFETIME_S = 10  # as memcoord-exporter(8) says
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"


def assert_serves(exporter, seconds=2):
    began = time.monotonic()
    assert exporter.up()
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("GET", "/metrics?x=y", 200),
    ("POST", "/metrics", 405), ("PUT", "/", 405), ("DELETE", "/metrics", 405), ("OPTIONS", "/metrics", 405), ("TRACE", "/", 405),
    ("get", "/metrics", 405), ("GET", "/metrics/", 404), ("GET", "/Metrics", 404), ("GET", "/../etc/passwd", 404),
    ("GET", "//metrics", 404), ("GET", "/favicon.ico", 404),
])
def test_methods_and_paths(exporter, service, method, path, status):
    answer = exporter.get(path, method)
    assert answer.status == status
    assert answer.headers["connection"].lower() == "close"
    assert (answer.body == b"") == (method == "HEAD")
    assert int(answer.headers["content-length"]) > 0
    assert (answer.headers.get("allow") == "GET, HEAD") == (status == 405)


def test_index_leads_to_the_metrics(exporter):
    answer = exporter.get("/")
    assert answer.headers["content-type"].startswith("text/html") and 'href="/metrics"' in answer.text


HOSTILE = {
    "nothing": b"",
    "newlines": b"\r\n" * 1000,
    "no-http": b"hello\r\n\r\n",
    "zeros": bytes(5000),
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version": b"GET /metrics HTTP/9.9\r\nHost: here\r\n\r\n",
    "long-path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    "long-header": b"GET /metrics HTTP/1.1\r\nHost: here\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "many-headers": b"GET /metrics HTTP/1.1\r\nHost: here\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    "zero-in-path": b"GET /metrics\x00/x HTTP/1.1\r\nHost: here\r\n\r\n",
    "percent": b"GET /%00%ff%zz%2e%2e HTTP/1.1\r\nHost: here\r\n\r\n",
    "format": b"GET /%s%n%n%n HTTP/1.1\r\nHost: %s%n\r\nAccept: %s%n\r\n\r\n",
    "negative-length": b"GET /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: -1\r\n\r\n",
    "huge-length": b"POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    "two-lengths": b"GET /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "bad-chunks": b"GET /metrics HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nxx\r\n",
    "smuggled": b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SCRAPE,
    "body": b"GET /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello",
    "pipeline": SCRAPE * 500,
    "folded": b"GET /metrics HTTP/1.1\r\nHost: here\r\n folded: x\r\n\ty\r\n\r\n",
    "bare-cr": b"GET /metrics HTTP/1.1\rHost: here\r\r",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_sent_is_survived(exporter, service, name):
    with exporter.connect() as client, contextlib.suppress(OSError):  # it may be gone at any of these
        client.sendall(HOSTILE[name])
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    assert_serves(exporter)
    assert exporter.process.poll() is None


def test_noise_is_survived(exporter, service):
    for _ in range(200):
        with exporter.connect() as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(os.urandom(300))
    assert_serves(exporter)


def test_those_who_say_nothing_keep_nobody_out(exporter, service):
    """More than it lets in at all: those who have been there longest go."""
    with contextlib.ExitStack() as clients:
        for _ in range(200):
            clients.enter_context(exporter.connect())
        assert_serves(exporter)
        assert exporter.descriptors() < 100


def test_those_who_stop_in_the_middle_keep_nobody_out(exporter, service):
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(exporter.connect()).sendall(SCRAPE[:-2])
        assert_serves(exporter)


def test_those_who_do_not_read_keep_nobody_out(exporter, service):
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(exporter.connect()).sendall(SCRAPE)
        assert_serves(exporter)


def test_slow_client_is_dropped(exporter, service):
    """One byte a second is no silence, but it is too slow."""
    with exporter.connect() as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        client.sendall(SCRAPE[:5])
        client.settimeout(1)
        began = time.monotonic()
        while time.monotonic() - began < 3 * LIFETIME_S:
            client.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                if client.recv(1) == b"":
                    break
    assert time.monotonic() - began < LIFETIME_S + 3
    assert_serves(exporter)


def test_client_that_leaves_before_its_answer(exporter, service, hung):
    hung(service.process)
    for _ in range(10):
        with exporter.connect() as client:
            client.sendall(SCRAPE)
    assert "memcoord_up 0" in exporter.get().text
    service.process.send_signal(signal.SIGCONT)
    wait_until(exporter.up, 10, "it is up again")


def test_nothing_is_left_of_those_who_were_there(idle_exporter, service):
    exporter = idle_exporter
    exporter.environment = exporter.environment | {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=8"}
    exporter.start()

    def memory():
        with open(f"/proc/{exporter.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4096

    def crowd():
        for _ in range(300):
            exporter.get()
            with exporter.connect() as client, contextlib.suppress(OSError):
                client.sendall(HOSTILE["long-path"][:20_000])

    crowd()
    descriptors, before = exporter.descriptors(), memory()
    crowd()
    wait_until(lambda: exporter.descriptors() <= descriptors, 15, "all are closed")
    assert memory() - before < growth(2)
