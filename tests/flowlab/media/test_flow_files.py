"""Flow files: what is written comes back, other tools read it, and we read theirs."""

import io
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from flowlab.errors import FlowFileError, ParameterError
from flowlab.media import flow_files
from flowlab.media.flow_files import FORMATS, FlowFormat, decode_flow, encode_flow, read_flow, write_flow

EXACT = ("flo", "npz", "mat")


def slanted_flow(height=5, width=7):
    """A flow whose every component differs, u and v of different size, some vectors unknown."""
    y, x = np.mgrid[:height, :width]
    flow = np.dstack([0.1 * x - 3 * y - 2, 200.7 + 0.3 * x + 11 * y]).astype(np.float32)
    flow[0, 2] = flow[3, 0] = np.nan
    return flow


def test_formats_are_keyed_by_their_names_and_differ_in_suffix():
    assert list(FORMATS) == ["flo", "kitti", "npz", "mat"]
    assert all(row.name == name for name, row in FORMATS.items())
    assert [row.suffix for row in FORMATS.values()] == [".flo", ".png", ".npz", ".mat"]
    assert FORMATS["kitti"].mime == "image/png"
    assert all(row.description.endswith(".") for row in FORMATS.values())


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("size", [(5, 7), (1, 1), (1, 9), (9, 1)])
def test_float_formats_give_back_every_bit(name, size):
    flow = slanted_flow(*size) if size == (5, 7) else np.random.default_rng(3).normal(0, 1e3, (*size, 2))
    flow = flow.astype(np.float32)
    again = decode_flow(encode_flow(flow, name), name)
    assert again.dtype == np.float32 and again.flags.c_contiguous and again.flags.writeable
    assert again.shape == flow.shape
    np.testing.assert_array_equal(again, flow)


@pytest.mark.parametrize("name", EXACT)
def test_float_formats_hold_the_extremes(name):
    flow = np.array([[[1e9, -1e9], [-0.0, 1e-40]]], np.float32)
    again = decode_flow(encode_flow(flow, name), name)
    assert again.tobytes() == flow.tobytes()


def test_kitti_rounds_to_the_nearest_64th_of_a_pixel():
    flow = np.random.default_rng(5).uniform(-500, 500, (6, 11, 2)).astype(np.float32)
    flow[2, 3] = np.nan
    again = decode_flow(encode_flow(flow, "kitti"), "kitti")
    np.testing.assert_array_equal(again, np.rint(flow * 64) / 64)


def test_kitti_holds_its_whole_range_and_no_more():
    flow = np.array([[[-512, 511.984375], [0, -0.015625]]], np.float32)
    np.testing.assert_array_equal(decode_flow(encode_flow(flow, "kitti"), "kitti"), flow)
    for u, v in ((-512.02, 0), (0, 512), (700, 0), (0, -1e8)):
        with pytest.raises(FlowFileError, match="use flo, npz or mat"):
            encode_flow(np.full((2, 3, 2), (u, v)), "kitti")


def test_kitti_refuses_to_write_a_side_no_png_has():
    with pytest.raises(FlowFileError, match="1000001: use flo"):
        encode_flow(np.zeros((1, 1_000_001, 2), np.float32), "kitti")


@pytest.mark.parametrize("name", FORMATS)
def test_a_vector_is_known_wholly_or_not_at_all(name):
    flow = np.ones((3, 5, 2), np.float32)
    flow[0, 1, 0], flow[1, 2, 1], flow[2, 3, 0], flow[2, 4, 1] = np.nan, np.inf, 1.5e9, -2e9
    given = flow.copy()
    again = decode_flow(encode_flow(flow, name), name)
    unknown = np.zeros((3, 5), bool)
    unknown[[0, 1, 2, 2], [1, 2, 3, 4]] = True
    np.testing.assert_array_equal(np.isnan(again), np.dstack([unknown, unknown]))
    np.testing.assert_array_equal(again[~unknown], 1)
    np.testing.assert_array_equal(flow, given)


@pytest.mark.parametrize("name", FORMATS)
def test_a_flow_known_nowhere_survives(name):
    flow = np.full((2, 3, 2), np.nan, np.float32)
    np.testing.assert_array_equal(decode_flow(encode_flow(flow, name), name), flow)


@pytest.mark.parametrize("name", FORMATS)
def test_equal_flows_are_equal_bytes(name):
    assert encode_flow(slanted_flow(), name, metadata={"gap": 2}) == encode_flow(
        slanted_flow(), name, metadata={"gap": 2}
    )


@pytest.mark.parametrize("name", EXACT)
def test_other_number_types_and_layouts_are_taken(name):
    flow = np.arange(30, dtype=np.int16).reshape(2, 5, 3).transpose(1, 2, 0)
    np.testing.assert_array_equal(decode_flow(encode_flow(flow, name), name), flow)


# Other tools


def test_flo_is_laid_out_as_middlebury_says():
    flow = np.array([[[1, 2], [3, 4], [np.nan, np.nan]]], np.float32)
    expected = struct.pack("<f2i6f", 202021.25, 3, 1, 1, 2, 3, 4, 1e10, 1e10)
    assert encode_flow(flow, "flo") == expected


def test_opencv_reads_our_flo(tmp_path):
    flow = slanted_flow()
    write_flow(tmp_path / "a.flo", flow)
    read = cv2.readOpticalFlow(str(tmp_path / "a.flo"))
    known = ~np.isnan(flow)
    np.testing.assert_array_equal(read[known], flow[known])
    assert np.all(read[~known] > 1e9)


def test_we_read_the_flo_of_opencv(tmp_path):
    flow = slanted_flow()
    assert cv2.writeOpticalFlow(str(tmp_path / "a.flo"), flow)
    np.testing.assert_array_equal(read_flow(tmp_path / "a.flo"), flow)


def test_opencv_reads_our_kitti_png_by_the_published_formula(tmp_path):
    flow = slanted_flow()
    write_flow(tmp_path / "a.png", flow)
    valid, v, u = np.moveaxis(cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED).astype(float), 2, 0)
    known = ~np.isnan(flow[..., 0])
    np.testing.assert_array_equal(valid, known)
    np.testing.assert_allclose((u[known] - 32768) / 64, flow[known][:, 0], rtol=0, atol=1 / 128)
    np.testing.assert_allclose((v[known] - 32768) / 64, flow[known][:, 1], rtol=0, atol=1 / 128)
    assert not u[~known].any() and not v[~known].any()


def test_we_read_a_kitti_png_of_opencv():
    blue_first = np.array([[[1, 32768 + 96, 32768 - 640], [0, 5, 7], [9, 0, 65535]]], np.uint16)
    png = cv2.imencode(".png", blue_first)[1].tobytes()
    expected = [[[-10, 1.5], [np.nan, np.nan], [511.984375, -512]]]
    np.testing.assert_array_equal(decode_flow(png, "kitti"), expected)


def test_numpy_reads_our_npz_with_its_metadata():
    flow = slanted_flow()
    data = encode_flow(flow, "npz", metadata={"first_frame": np.int64(12), "gap": 3})
    with np.load(io.BytesIO(data)) as archive:
        assert sorted(archive) == ["first_frame", "flow", "gap"]
        assert archive["flow"].dtype == np.float32
        np.testing.assert_array_equal(archive["flow"], flow)
        assert (archive["first_frame"], archive["gap"]) == (12, 3)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_we_read_the_npz_of_numpy(save, dtype, order):
    flow = np.array(np.arange(24).reshape(3, 4, 2), dtype, order=order)
    buffer = io.BytesIO()
    save(buffer, other=np.array("text"), flow=flow)
    again = decode_flow(buffer.getvalue(), "npz")
    assert again.dtype == np.float32 and again.flags.c_contiguous
    np.testing.assert_array_equal(again, flow)


def test_scipy_reads_our_mat_with_grids_that_count_from_one():
    flow = slanted_flow()
    mat = scipy.io.loadmat(io.BytesIO(encode_flow(flow, "mat", metadata={"first_frame": 12, "gap": 3})))
    np.testing.assert_array_equal(mat["u"], flow[..., 0])
    np.testing.assert_array_equal(mat["v"], flow[..., 1])
    assert mat["u"].dtype == np.float32
    assert mat["x"].shape == mat["y"].shape == (5, 7)
    np.testing.assert_array_equal(mat["x"][2], np.arange(1, 8))
    np.testing.assert_array_equal(mat["y"][:, 2], np.arange(1, 6))
    assert (mat["first_frame"].item(), mat["gap"].item()) == (12, 3)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint8, ">f8"])
def test_we_read_the_mat_of_scipy(compressed, dtype):
    flow = np.arange(24).reshape(3, 4, 2).astype(dtype)
    others = {"note": "text", "cells": np.array([[1], "a"], object), "s": {"u": 1.0}, "u_before": np.zeros((2, 2))}
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {**others, "u": flow[..., 0], "v": flow[..., 1]}, do_compression=compressed)
    np.testing.assert_array_equal(decode_flow(buffer.getvalue(), "mat"), flow)


def test_we_read_a_mat_that_keeps_whole_numbers_in_bytes_and_the_other_byte_order():
    """MATLAB itself stores a double matrix of small whole numbers as bytes; old Macs and SPARCs wrote big-endian."""

    def element(kind, body):
        return struct.pack(">II", kind, len(body)) + body + bytes(-len(body) % 8)

    def matrix(name, numbers):
        head = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(">ii", 2, 3))
        small_name = struct.pack(">HH", 1, 1) + name.ljust(4, b"\0")
        return element(14, head + small_name + element(2, bytes(numbers)))

    text = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    data = text + matrix(b"u", [1, 2, 3, 4, 5, 6]) + matrix(b"v", [7, 8, 9, 10, 11, 12])
    expected = np.dstack([[[1, 3, 5], [2, 4, 6]], [[7, 9, 11], [8, 10, 12]]])
    np.testing.assert_array_equal(scipy.io.loadmat(io.BytesIO(data))["u"], expected[..., 0])
    np.testing.assert_array_equal(decode_flow(data, "mat"), expected)


# Files


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_the_suffix_chooses_the_format_whatever_its_case(tmp_path, name):
    path = tmp_path / f"flow{FORMATS[name].suffix.upper()}"
    write_flow(path, slanted_flow())
    assert path.read_bytes() == encode_flow(slanted_flow(), name)
    np.testing.assert_array_equal(read_flow(str(path)), decode_flow(path.read_bytes(), name))


def test_a_named_format_wins_over_the_suffix(tmp_path):
    write_flow(tmp_path / "flow.data", slanted_flow(), format="npz", metadata={"gap": 2})
    np.testing.assert_array_equal(read_flow(tmp_path / "flow.data", format="npz"), slanted_flow())


def test_an_existing_file_is_replaced_and_nothing_else_appears(tmp_path):
    path = tmp_path / "flow.flo"
    path.write_bytes(b"old")
    write_flow(path, slanted_flow())
    assert names_in(tmp_path) == ["flow.flo"]
    np.testing.assert_array_equal(read_flow(path), slanted_flow())


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch, broken):
    path = tmp_path / "flow.flo"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[broken])
    with pytest.raises(FlowFileError, match=r"‘flow\.flo’ cannot be written: No space left on device"):
        write_flow(path, slanted_flow())
    assert names_in(tmp_path) == ["flow.flo"]
    assert path.read_bytes() == b"old"


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_flow(tmp_path / "flow.flo", slanted_flow())
    assert names_in(tmp_path) == []


def test_values_a_format_cannot_hold_leave_no_file(tmp_path):
    with pytest.raises(FlowFileError):
        write_flow(tmp_path / "flow.png", np.full((2, 3, 2), 600.0))
    assert names_in(tmp_path) == []


def test_paths_that_cannot_be_used_say_so_in_a_sentence(tmp_path):
    (tmp_path / "folder.flo").mkdir()
    (tmp_path / "file").write_bytes(b"")
    refused = "cannot be written: .*choose another path"
    for path in (tmp_path / "missing" / "a.flo", tmp_path / "folder.flo", tmp_path / "file" / "a.flo"):
        with pytest.raises(FlowFileError, match=refused):
            write_flow(path, slanted_flow())
        with pytest.raises(FlowFileError, match="cannot be read"):
            read_flow(path)
    with pytest.raises(FlowFileError, match=refused):
        write_flow(tmp_path / "a\0.flo", slanted_flow())
    with pytest.raises(FlowFileError, match="cannot be read: choose another path"):
        read_flow(tmp_path / "a\0.flo")
    assert names_in(tmp_path) == ["file", "folder.flo"]


def test_a_hostile_name_stays_one_line_of_text(tmp_path):
    with pytest.raises(FlowFileError, match=r"^‘a\\nb\.txt’ has no suffix of a flow file: use one of \.flo, \.png"):
        read_flow(tmp_path / "a\nb.txt")


def test_a_file_too_large_to_be_a_flow_is_not_read(tmp_path, monkeypatch):
    write_flow(tmp_path / "a.flo", slanted_flow())
    monkeypatch.setattr(flow_files, "MAX_FILE_BYTES", 100)
    with pytest.raises(FlowFileError, match=r"‘a\.flo’ cannot be read as flo: it is larger than"):
        read_flow(tmp_path / "a.flo")


# Wrong arguments


@pytest.mark.parametrize(
    "flow",
    [
        np.zeros((3, 4)),
        np.zeros((3, 4, 3)),
        np.zeros((0, 4, 2)),
        np.zeros((3, 4, 2), complex),
        np.zeros((3, 4, 2), object),
    ],
)
def test_what_is_no_flow_is_refused(flow):
    with pytest.raises(ParameterError, match=r"give float32 of shape \(H, W, 2\)"):
        encode_flow(flow, "flo")


def test_a_flow_of_too_many_pixels_is_refused():
    endless = np.broadcast_to(np.float32(0), (10_000, 5_001, 2))
    with pytest.raises(ParameterError, match="flow is 5001x10000 pixels: crop or scale it to 50 million"):
        encode_flow(endless, "flo")


def test_an_unknown_format_names_those_that_exist(tmp_path):
    for call in (
        lambda: encode_flow(slanted_flow(), "exr"),
        lambda: decode_flow(b"", "exr"),
        lambda: write_flow(tmp_path / "a.flo", slanted_flow(), format="exr"),
        lambda: read_flow(tmp_path / "a.flo", format="exr"),
    ):
        with pytest.raises(ParameterError, match="format is ‘exr’: give one of flo, kitti, npz, mat"):
            call()


@pytest.mark.parametrize("metadata", [{"author": 1}, {"gap": "two"}, {"gap": 1.5}])
def test_unknown_metadata_are_refused_by_every_format(metadata):
    for name in FORMATS:
        with pytest.raises(ParameterError):
            encode_flow(slanted_flow(), name, metadata=metadata)


# Real data


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "size"),
    [("RubberWhale", (388, 584)), ("Grove2", (480, 640)), ("Urban2", (480, 640)), ("Venus", (380, 420))],
)
def test_middlebury_truth_is_read(data_folder, name, size):
    path = data_folder / "middlebury" / "other-gt-flow" / name / "flow10.flo"
    flow = read_flow(path)
    theirs = cv2.readOpticalFlow(str(path))
    assert flow.shape == (*size, 2)
    unknown = (np.abs(theirs) > 1e9).any(axis=2)
    np.testing.assert_array_equal(np.isnan(flow), np.dstack([unknown, unknown]))
    np.testing.assert_array_equal(flow[~unknown], theirs[~unknown])
    assert unknown.any() == (name == "RubberWhale")


@pytest.mark.realdata
@pytest.mark.parametrize("folder", ["flow_occ", "flow_noc"])
def test_kitti_truth_is_read_and_written_back_without_loss(data_folder, folder):
    path = data_folder / "kitti" / "training" / folder / "000010_10.png"
    flow = read_flow(path)
    valid, v, u = np.moveaxis(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), 2, 0)
    assert flow.shape == (375, 1242, 2)
    np.testing.assert_array_equal(np.isfinite(flow).all(axis=2), valid > 0)
    assert folder != "flow_occ" or np.isfinite(flow[..., 0]).sum() == 111_664
    np.testing.assert_array_equal(flow[valid > 0], np.stack([u, v], -1)[valid > 0].astype(np.float32) / 64 - 512)
    np.testing.assert_array_equal(decode_flow(encode_flow(flow, "kitti"), "kitti"), flow)


@pytest.mark.parametrize("row", FORMATS.values(), ids=lambda row: row.name)
def test_a_format_says_the_largest_displacement_it_holds(row: FlowFormat) -> None:
    largest = min(row.largest, 1e6)
    flow = np.full((2, 3, 2), largest, np.float32)
    flow[0, 0] = -largest
    np.testing.assert_array_equal(decode_flow(encode_flow(flow, row.name), row.name), flow)
    if row.name == "kitti":
        with pytest.raises(FlowFileError, match="holds displacements"):
            encode_flow(flow * 1.001, row.name)
