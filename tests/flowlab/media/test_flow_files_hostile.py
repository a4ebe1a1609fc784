"""Flow files from strangers: whatever the bytes, an array or one FlowFileError, and no memory taken on a claim."""

import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib

import cv2
import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import FlowFileError
from flowlab.media import flow_kitti
from flowlab.media.flow_files import FORMATS, decode_flow, encode_flow
from flowlab.media.inflating import InflatingReader

FLOW = np.arange(30, dtype=np.float32).reshape(3, 5, 2)
SOUND = {name: encode_flow(FLOW, name, metadata={"gap": 1}) for name in FORMATS}


def refuses(name, data, match):
    """Check that `data` is refused in one sentence which a person can act on, with little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(FlowFileError, match=match) as caught:
            decode_flow(data, name)
        assert tracemalloc.get_traced_memory()[1] < 20e6 + 3 * len(data)
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(f"this cannot be read as {name}: ")
    assert message.isprintable() and ". " not in message and len(message) < 300


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_is_noticed(name):
    data = SOUND[name]
    for length in range(len(data)):
        # A MATLAB file may end after any variable: what matters is that u and v were there.
        try:
            flow = decode_flow(data[:length], name)
        except FlowFileError:
            continue
        assert name == "mat" and np.array_equal(flow, FLOW)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("tail", [b"\0", b"more than that", b"\0" * 1000])
def test_trailing_bytes_are_noticed(name, tail):
    refuses(name, SOUND[name] + tail, "fetch or export")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "data", [b"", b"\0", b"text named otherwise", b"GIF89a" + b"\0" * 500, b"PK\x05\x06" + b"\0" * 18]
)
def test_other_files_are_refused(name, data):
    refuses(name, data, "choose|fetch|save")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_formats_are_not_taken_for_one_another(name, other):
    if name != other:
        refuses(name, SOUND[other], "choose")


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600), name=st.sampled_from(list(FORMATS)), kept=st.integers(0, 200))
def test_arbitrary_bytes_raise_nothing_but_flow_file_error(data, name, kept):
    for candidate in (data, SOUND[name][:kept] + data):
        try:
            flow = decode_flow(candidate, name)
        except FlowFileError:
            continue
        assert flow.dtype == np.float32 and flow.ndim == 3 and flow.shape[2] == 2


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(list(FORMATS)),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes_raise_nothing_but_flow_file_error(name, changes):
    data = bytearray(SOUND[name])
    for position, value in changes:
        data[position % len(data)] = value
    try:
        flow = decode_flow(bytes(data), name)
    except FlowFileError:
        return
    assert flow.dtype == np.float32 and flow.ndim == 3 and flow.shape[2] == 2


# .flo


@pytest.mark.parametrize(("width", "height"), [(-5, 3), (5, -3), (-5, -3), (0, 3), (5, 0)])
def test_flo_without_a_size_is_refused(width, height):
    refuses("flo", b"PIEH" + struct.pack("<2i", width, height) + bytes(120), f"says {width}x{height} pixels")


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (50_000_001, 1)])
def test_flo_of_enormous_size_is_refused(width, height):
    refuses("flo", b"PIEH" + struct.pack("<2i", width, height) + bytes(120), "up to 50 million")


def test_flo_with_signalling_nans_is_read_as_unknown():
    data = b"PIEH" + struct.pack("<2i", 2, 1) + bytes.fromhex("0100807f") * 2 + struct.pack("<2f", 3, 4)
    np.testing.assert_array_equal(decode_flow(data, "flo"), [[[np.nan, np.nan], [3, 4]]])


# KITTI


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def header(width, height, depth=16, colour=2, interlaced=0):
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)


ROWS = b"".join(b"\0" + bytes(6 * 5) for _ in range(3))
PIXELS = b"IDAT", zlib.compress(ROWS)
END = b"IEND", b""


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        (np.zeros((3, 5, 3), np.uint8), "8-bit RGB PNG"),
        (np.zeros((3, 5), np.uint16), "16-bit grey PNG"),
        (np.zeros((3, 5), np.uint8), "8-bit grey PNG"),
        (np.zeros((3, 5, 4), np.uint16), "16-bit RGB with alpha PNG"),
    ],
)
def test_png_of_another_kind_is_refused(picture, kind):
    refuses("kitti", cv2.imencode(".png", picture)[1].tobytes(), f"it is a {kind}: choose the 16-bit RGB PNG")


@pytest.mark.parametrize(
    ("chunks", "match"),
    [
        ((header(30_000, 30_000), PIXELS, END), "30000x30000 pixels, and flowlab reads up to 50 million"),
        ((header(2**32 - 1, 2**32 - 1), PIXELS, END), "up to 50 million"),
        ((header(0, 3), PIXELS, END), "says 0x3 pixels"),
        ((header(2_000_000, 1), PIXELS, END), "a PNG side holds up to 1000000"),
        ((header(6, 3), PIXELS, END), "does not hold the 6x3 pixels"),
        ((header(5, 2), PIXELS, END), "does not hold the 5x2 pixels"),
        ((header(7000, 7000), (b"IDAT", zlib.compress(bytes(10_000))), END), "does not hold the 7000x7000 pixels"),
        ((header(5, 3), END), "does not hold the 5x3 pixels"),
        ((header(5, 3), (b"IDAT", b"not deflated"), END), "compressed data are damaged"),
        ((header(5, 3), (b"IDAT", zlib.compress(b"\5" + ROWS[1:])), END), "stored in an unknown way"),
        ((header(5, 3), (b"IDAT", PIXELS[1][:-1] + b"!"), END), "compressed data are damaged"),
        ((header(5, 3, interlaced=1), PIXELS, END), "save it without interlacing"),
        ((PIXELS, header(5, 3), END), "parts are out of order"),
        ((header(5, 3), header(9000, 9000), PIXELS, END), "parts are out of order"),
        ((header(5, 3), PIXELS), "breaks off"),
        (((b"IHDR", b""), PIXELS, END), "header has 0 bytes"),
    ],
)
def test_png_with_a_false_header_or_body_is_refused(chunks, match):
    refuses("kitti", png(*chunks), match)


def test_png_with_a_false_checksum_is_refused():
    data = bytearray(SOUND["kitti"])
    data[20] ^= 1
    refuses("kitti", bytes(data), "checksum")


def test_png_of_more_chunks_than_any_picture_needs_is_given_up(monkeypatch):
    monkeypatch.setattr(flow_kitti, "_MAX_CHUNKS", 50)
    assert decode_flow(png(header(5, 3), *[(b"IDAT", b"")] * 47, PIXELS, END), "kitti").shape == (3, 5, 2)
    refuses("kitti", png(header(5, 3), *[(b"IDAT", b"")] * 48, PIXELS, END), "more than 50 parts")


def test_png_with_chunks_that_are_not_the_picture_is_read():
    animation = (b"acTL", struct.pack(">II", 2, 0)), (b"tIME", bytes(7)), (b"gAMA", struct.pack(">I", 45455))
    split = [(b"IDAT", PIXELS[1][i : i + 3]) for i in range(0, len(PIXELS[1]), 3)]
    flow = decode_flow(png(header(5, 3), *animation, *split, END), "kitti")
    assert flow.shape == (3, 5, 2) and np.isnan(flow).all()


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_printed_about_bad_files(name, capfd):
    for length in range(0, len(SOUND[name]), 7):
        with pytest.raises(FlowFileError):
            decode_flow(SOUND[name][:length] + b"\xff" * 9 + SOUND[name][length + 9 :] + b"\0", name)
    assert capfd.readouterr() == ("", "")


# .npz


def archive(member, name="flow.npy", **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        file.writestr(name, member)
    return buffer.getvalue()


def array(descr="'<f4'", shape="(3, 5, 2)", body=bytes(120), version=1, order="False"):
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode("latin-1")
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + body


@pytest.mark.parametrize("version", [1, 2, 3])
def test_npz_with_any_header_version_is_read(version):
    assert decode_flow(archive(array(version=version)), "npz").shape == (3, 5, 2)


@pytest.mark.parametrize(
    ("member", "match"),
    [
        (array(descr="'|O'"), "type ‘|O’: save it as float32, without Python objects"),
        (array(descr="'<i4'"), "type ‘<i4’"),
        (array(descr="'<c8'", body=bytes(240)), "type ‘<c8’"),
        (array(descr="'<f16'"), "type ‘<f16’"),
        (array(descr="[('u', '<f4'), ('v', '<f4')]"), "save it as float32"),
        (array(shape="(3, 5)"), r"shape ‘\(3, 5\)’: save it as \(H, W, 2\)"),
        (array(shape="(3, 5, 3)"), "save it as"),
        (array(shape="(1, 3, 5, 2)"), "save it as"),
        (array(shape="()"), "save it as"),
        (array(shape="(5,)"), "save it as"),
        (array(shape="(3, , 5, 2)"), "save it as"),
        (array(shape="(0, 5, 2)"), "says 5x0 pixels"),
        (array(shape="(-3, 5, 2)"), "header of its flow.npy"),
        (array(shape="(100000, 100000, 2)"), "up to 50 million"),
        (array(shape=f"({'9' * 300}, 5, 2)"), "save it as"),
        (array(body=bytes(119)), "not the 120 bytes"),
        (array(body=bytes(121)), "not the 120 bytes"),
        (array(shape="(7000, 7000, 2)"), "not the 392000000 bytes"),
        (array(shape="(__import__('os').abort(), 5, 2)"), "header of its flow.npy"),
        (array(descr="'" + "(" * 20_000 + "'"), "no NumPy array"),
        (array(version=4), "no NumPy array"),
        (b"\x93NUM", "no NumPy array"),
        (b"", "no NumPy array"),
        (b"flow", "no NumPy array"),
    ],
)
def test_npz_with_another_array_is_refused(member, match):
    refuses("npz", archive(member), match)


def test_npz_is_never_unpickled(tmp_path):
    class Touch:
        def __reduce__(self):
            return (open, (str(tmp_path / "touched"), "w"))

    for descr in ("'|O'", "'<f4'"):
        refuses("npz", archive(array(descr=descr, body=pickle.dumps(Touch()))), "its array flow")
    buffer = io.BytesIO()
    np.savez(buffer, flow=np.array([[Touch()]], object))
    refuses("npz", buffer.getvalue(), "without Python objects")
    assert not (tmp_path / "touched").exists()


def test_npz_bomb_is_refused_before_it_is_inflated():
    bomb = archive(array(shape="(60000, 60000, 2)", body=bytes(40_000_000)), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 50_000
    refuses("npz", bomb, "up to 50 million")


def test_npz_longer_than_its_header_says_is_not_inflated_to_the_end():
    bomb = archive(array(body=bytes(40_000_000)), compression=zipfile.ZIP_DEFLATED)
    refuses("npz", bomb, "not the 120 bytes")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_npz_packed_in_ways_numpy_does_not_is_refused(compression):
    refuses("npz", archive(array(), compression=compression), "unusual way")


def test_npz_that_is_encrypted_is_refused():
    data = bytearray(archive(array()))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    refuses("npz", bytes(data), "encrypted")


def test_npz_without_a_flow_says_what_it_holds():
    refuses("npz", archive(array(), name="u.npy"), "it holds ‘u’ and no array named flow")
    refuses("npz", archive(array(), name="../flow.npy"), "it holds ‘../flow’ and no array")
    refuses("npz", archive(array(), name="\x1b[31mred.npy"), r"‘\\x1b\[31mred’")


# .mat


def saved(**variables):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=variables.pop("do_compression", True))
    return buffer.getvalue()


ONES = np.ones((3, 5))


@pytest.mark.parametrize(
    ("variables", "match"),
    [
        ({}, "it holds nothing and no matrix u"),
        ({"u": ONES}, "it holds ‘u’ and no matrix v: save u and v"),
        ({"speed": ONES, "v": ONES}, "it holds ‘v’, ‘speed’ and no matrix u"),
        ({"u": ONES, "v": np.ones((5, 3))}, "its u is 5x3 and its v 3x5"),
        ({"u": np.array([[ONES]], object), "v": ONES}, "its u is a cell array: save it as a real matrix"),
        ({"u": {"a": ONES}, "v": ONES}, "its u is a structure"),
        ({"u": "text", "v": ONES}, "its u is text"),
        ({"u": ONES * 1j, "v": ONES}, "its u is complex"),
        ({"u": ONES, "v": np.ones((2, 3, 5))}, "its v is an array of 3 dimensions"),
        ({"u": ONES, "v": scipy.sparse.csc_array(ONES)}, "its v is a sparse matrix"),
        ({"u": np.zeros((0, 5)), "v": ONES}, "says 5x0 pixels"),
    ],
)
@pytest.mark.parametrize("compressed", [True, False])
def test_mat_with_other_content_is_refused(variables, match, compressed):
    refuses("mat", saved(**variables, do_compression=compressed), match)


def test_mat_on_a_coarse_grid_is_refused():
    x, y = np.meshgrid(np.arange(8, 85, 16.0), np.arange(8, 53, 16.0))
    refuses("mat", saved(u=x, v=y, x=x, y=y), "its x steps by 16 px: give a flow with one vector for each pixel")
    refuses("mat", saved(u=x, v=y, x=x / 16, y=y), "its y steps by 16 px")


def test_mat_with_a_grid_from_zero_or_without_one_is_read():
    y, x = np.mgrid[:3, :5].astype(float)
    for grids in ({}, {"x": x, "y": y}, {"x": 7.0, "y": "text"}):
        np.testing.assert_array_equal(decode_flow(saved(**grids, u=x, v=y), "mat"), np.dstack([x, y]))


def test_mat_of_version_7_3_is_told_the_remedy():
    refuses(
        "mat",
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n",
        "save it with the option -v7",
    )


def mat_header():
    return SOUND["mat"][:128]


def element(kind, body):
    return struct.pack("<II", kind, len(body)) + body


def matrix(name, shape, body, *, flags=6):
    shape_bytes = struct.pack(f"<{len(shape)}i", *shape)
    head = element(6, struct.pack("<II", flags, 0)) + element(5, shape_bytes + bytes(-len(shape_bytes) % 8))
    return element(14, head + struct.pack("<HH", 1, len(name)) + name.ljust(4, b"\0") + body)


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (matrix(b"u", (100_000, 100_000), element(9, bytes(8))), "up to 50 million"),
        (matrix(b"u", (-3, -5), element(9, bytes(120))), "says -5x-3 pixels"),
        (matrix(b"u", (3, 5), element(9, bytes(112))), "does not hold the 5x3 numbers"),
        (matrix(b"u", (3, 5), element(9, bytes(120)) + bytes(8)), "does not hold the 5x3 numbers"),
        (matrix(b"u", (3, 5), element(9, bytes(121))), "impossible type or length"),
        (matrix(b"u", (3, 5), element(99, bytes(120))), "impossible type or length"),
        (matrix(b"u", (3, 5), element(9, bytes(120))[:-1]), "breaks off inside a variable"),
        (matrix(b"u", (3, 5), struct.pack("<II", 9, 2**32 - 8)), "impossible type or length"),
        (element(14, element(7, struct.pack("<ff", np.nan, np.nan))), "impossible type or length"),
        (element(14, b""), "breaks off"),
        (element(3, bytes(8)), "unknown type 3"),
        (struct.pack("<II", 14, 2**31) + bytes(80), "breaks off"),
        (element(15, b"not deflated"), "compressed data are damaged"),
        (element(15, zlib.compress(element(3, bytes(8)))), "unknown type 3"),
        (matrix(b"a", (1, 1), element(9, bytes(8))) * 1001, "more than 1000 variables"),
        (matrix(b"o", (), b"", flags=17) * 2, "no matrix u"),
    ],
)
def test_mat_with_a_false_size_or_type_is_refused(body, match):
    refuses("mat", mat_header() + body, match)


def test_mat_bomb_is_refused_before_it_is_inflated():
    huge = matrix(b"u", (3, 5), element(9, bytes(40_000_000)))
    elsewhere = matrix(b"w", (5000, 2500), element(9, bytes(40_000_000)))
    for bomb, match in ((huge, "impossible type or length"), (elsewhere, "no matrix u")):
        packed = element(15, zlib.compress(bomb))
        assert len(packed) < 50_000
        refuses("mat", mat_header() + packed, match)


def test_mat_with_nested_cells_as_deep_as_the_file_is_passed_over():
    nested = element(9, bytes(8))
    for _ in range(20_000):
        nested = struct.pack("<II", 14, len(nested) + 8) + nested
    refuses("mat", mat_header() + matrix(b"c", (1, 1), nested, flags=1), "it holds ‘c’ and no matrix u")


# The inflating reader


@pytest.mark.parametrize("size", [1, 1000, 70_000, 10_000_000])
@pytest.mark.parametrize("level", [0, 6, 9])
def test_inflating_piece_by_piece_gives_the_whole(size, level):
    data = bytes(1000) + np.random.default_rng(1).bytes(200 * min(size, 1000) + 1) + b"ab" * 500
    reader = InflatingReader(zlib.compress(data, level))
    pieces = []
    while piece := reader.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    assert b"".join(pieces) == data and reader.finished()


def test_inflating_notices_a_missing_end_and_a_false_checksum():
    packed = zlib.compress(bytes(1000))
    cut = InflatingReader(packed[:-1])
    assert cut.read(1000) == bytes(1000) and not cut.finished()
    changed = InflatingReader(packed[:-1] + b"!")
    with pytest.raises(FlowFileError, match="compressed data are damaged"):
        changed.read(1001)
