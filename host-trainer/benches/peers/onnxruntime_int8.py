"""200 rows of a 32-64-64-16 network in onnxruntime, int8 and f32, on one core, beside ours in the same run.

    pip install onnx onnxruntime numpy
    python3 host-trainer/benches/peers/onnxruntime_int8.py
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

WIDTHS, ROWS = (32, 64, 64, 16), 200
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # ours, a child, inherits it
chance = np.random.default_rng(1)
x = chance.uniform(-4, 4, (ROWS, WIDTHS[0])).astype(np.float32)


def network(path):
    nodes, weights, name = [], [], "x"
    for layer, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        w = chance.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
        weights += [numpy_helper.from_array(w, f"w{layer}"), numpy_helper.from_array(np.zeros(outputs, np.float32), f"b{layer}")]
        last = layer == len(WIDTHS) - 2
        out = "y" if last else f"g{layer}"
        nodes.append(helper.make_node("Gemm", [name, f"w{layer}", f"b{layer}"], [out]))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"h{layer}"]))
            name = f"h{layer}"
    info = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [ROWS, width])
    graph = helper.make_graph(nodes, "mlp", [info("x", WIDTHS[0])], [info("y", WIDTHS[-1])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


class Calibration(CalibrationDataReader):
    def __init__(self):
        self.rows = iter([{"x": x}])

    def get_next(self):
        return next(self.rows, None)


def best_us(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    best = float("inf")
    for _ in range(500):
        begun = time.perf_counter()
        for _ in range(10):
            session.run(None, {"x": x})
        best = min(best, (time.perf_counter() - begun) / 10)
    return best * 1e6


with tempfile.TemporaryDirectory() as folder:
    f32, int8 = os.path.join(folder, "f32.onnx"), os.path.join(folder, "int8.onnx")
    network(f32)
    # The form and types that onnxruntime itself recommends for x86-64.
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    quantize_static(f32, int8, Calibration(), quant_format=QuantFormat.QDQ, per_channel=True, **types)
    print(f"onnxruntime {ort.__version__}: f32 {best_us(f32):.2f} us, int8 {best_us(int8):.2f} us")
ours = sys.argv[1:] or ["cargo", "bench", "--quiet", "--package", "restock-trainer", "--bench", "batch"]
print(subprocess.run(ours, check=True, capture_output=True, text=True).stdout, end="")
