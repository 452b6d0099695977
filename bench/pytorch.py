"""Times the cases of the benchmarks with PyTorch, to be compared with.

    node dist/coin.js bench [PATTERN] [--all] --list | python3 bench/pytorch.py > out/pytorch.json
    node dist/coin.js bench [PATTERN] [--all] --pytorch out/pytorch.json

On CUDA (fp32; with --tf32, TensorFloat-32) where there is one, else on the processor. Images are tried in NCHW and in
channels_last, and the faster one counts. With --step, a training step of ResNet-50 at batch 64 and 224 px as well.
On processors, matrix products go to the BLAS, which may be a slow one, so they are tried with oneDNN's product as well
(operands converted beforehand), and the faster one counts (large ones to oneDNN alone). What was taken is printed beside each time.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import torch
import torch.nn.functional as F

ROUNDS = 5
SAMPLE = 0.025  # seconds
MOST = 0.25  # seconds a try
LARGE = 2e9  # multiply-adds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tf32", action="store_true", help="allow TensorFloat-32 on CUDA")
    parser.add_argument("--step", action="store_true", help="also a training step of ResNet-50 (needs torchvision)")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = args.tf32
    torch.backends.cudnn.allow_tf32 = args.tf32
    torch.backends.cudnn.benchmark = True
    # Some builds start with one thread.
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    times = {}
    for case in json.load(sys.stdin):
        make = OPS.get(case.get("op"))
        if make is None:
            continue
        tries = make(case, device)
        best = min((measure(run, device), how) for how, run in tries.items())
        times[case["name"]] = best[0]
        print(f"{case['name']:<52} {best[0]:10.3f} ms  {best[1]}", file=sys.stderr)
    if args.step:
        times["step resnet50 N64 224px"] = measure(resnet50_step(device), device)
    json.dump({"setup": setup(device, args.tf32), "times": times}, sys.stdout, indent=1)
    print()


def setup(device, tf32):
    version = f"PyTorch {torch.__version__.split('+')[0]}"
    if device == "cuda":
        return f"{version}, {torch.cuda.get_device_name()}, fp32 {'with' if tf32 else 'without'} TF32"
    return f"{version}, {platform.machine()} with {torch.get_num_threads()} threads, {'oneDNN' if torch.backends.mkldnn.is_available() else 'no oneDNN'}"


def measure(run, device):
    """Median milliseconds of one execution."""

    def timed(count):
        start = time.perf_counter()
        for _ in range(count):
            run()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    first = timed(1)
    once = max(timed(1), 1e-7) if first < 5 * MOST else first
    if once > MOST:
        return 1e3 * once
    count = max(1, min(200, round(SAMPLE / once)))
    rounds = max(1, min(ROUNDS, int(MOST / (once * count))))
    return 1e3 * statistics.median(timed(count) / count for _ in range(rounds))


def tensors(case, device):
    return {name: torch.randn(shape, device=device) for name, shape in case["inputs"].items()}


def backward(y, inputs, dy=None):
    return torch.autograd.grad(y, inputs, dy)


def products(a, b, bias=None):
    """a @ b + bias, by the BLAS and by oneDNN, which has its own matrix product. A BLAS that is slow takes minutes for large ones."""

    def by_blas():
        return a @ b if bias is None else torch.addmm(bias, a, b)

    if a.is_cuda or not torch.backends.mkldnn.is_available():
        return {"BLAS": by_blas}
    rows, columns = a.contiguous().to_mkldnn(), b.t().contiguous().to_mkldnn()
    offset = None if bias is None else bias.to_mkldnn()
    small = a.shape[0] * a.shape[1] * b.shape[1] < LARGE
    return {**({"BLAS": by_blas} if small else {}), "oneDNN": lambda: torch._C._nn.mkldnn_linear(rows, columns, offset)}


def matmul(case, device):
    t = tensors(case, device)
    a = t["a"].t() if case["transposeA"] else t["a"]
    b = t["b"].t() if case["transposeB"] else t["b"]
    return products(a, b)


def linear(case, device):
    t = tensors(case, device)
    x, weight = t["x"].flatten(0, -2), t["weight"]
    if case["pass"] == "forward":
        return products(x, weight, t["bias"])
    dy = t["dy"].flatten(0, -2)
    return products(dy, weight.t()) if case["pass"] == "dgrad" else products(x.t(), dy)


def convolution_pass(which, x, weight, dy, stride, padding):
    if which == "forward":
        return lambda: F.conv2d(x, weight, None, stride, padding)
    mask = [which == "dgrad", which == "wgrad", False]
    args = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)
    return lambda: torch.ops.aten.convolution_backward(dy, x, weight, None, *args)


def conv2d(case, device):
    t = tensors(case, device)
    tries = {}
    for how, form in (("NCHW", torch.contiguous_format), ("NHWC", torch.channels_last)):
        x = t["x"].permute(0, 3, 1, 2).contiguous(memory_format=form)
        weight = t["weight"].permute(3, 2, 0, 1).contiguous(memory_format=form)
        dy = t["dy"].permute(0, 3, 1, 2).contiguous(memory_format=form) if "dy" in t else None
        tries[how] = convolution_pass(case["pass"], x, weight, dy, case["stride"], case["padding"])
    if t["weight"].shape[:2] == (1, 1) and case["stride"] == 1:
        x, weight, dy = (t[name].flatten(0, 2) if name in t else None for name in ("x", "weight", "dy"))
        pairs = {"forward": lambda: (x, weight), "dgrad": lambda: (dy, weight.t()), "wgrad": lambda: (x.t(), dy)}
        tries.update(products(*pairs[case["pass"]]()))
    return tries


def passes(case, forward, inputs, dy=None):
    """The forward pass, or both."""
    if case["pass"] == "forward":
        return lambda: forward(*inputs)
    for tensor in inputs:
        tensor.requires_grad_(True)
    return lambda: backward(forward(*inputs), inputs, dy)


def on_images(case, device, make):
    t = tensors(case, device)
    tries = {}
    for how, form in (("NCHW", torch.contiguous_format), ("NHWC", torch.channels_last)):
        own = {name: (v.permute(0, 3, 1, 2).contiguous(memory_format=form) if v.dim() == 4 else v.clone()) for name, v in t.items()}
        tries[how] = make(own)
    return tries


def batch_norm(case, device):
    def make(t):
        mean, var = t["running_mean"], t["running_var"]
        residual = [t["residual"]] if "residual" in t else []

        def forward(x, weight, bias, *rest):
            y = F.batch_norm(x, mean, var, weight, bias, True)
            return F.relu(y + rest[0] if rest else y)

        return passes(case, forward, [t["x"], t["weight"], t["bias"], *residual], t.get("dy"))

    return on_images(case, device, make)


def max_pool2d(case, device):
    return on_images(case, device, lambda t: passes(case, lambda x: F.max_pool2d(x, 3, 2, 1), [t["x"]], t.get("dy")))


def layer_norm(case, device):
    t = tensors(case, device)
    width = t["weight"].shape
    return {"eager": passes(case, lambda x, w, b: F.layer_norm(x, width, w, b), [t["x"], t["weight"], t["bias"]], t.get("dy"))}


def attention(case, device):
    t = tensors(case, device)
    fused = getattr(F, "scaled_dot_product_attention", None)

    def composed(q, k, v):
        return torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v

    inputs = [t["q"], t["k"], t["v"]]
    tries = {"composed": passes(case, composed, inputs, t.get("dy"))}
    if fused:
        tries["fused"] = passes(case, fused, inputs, t.get("dy"))
    return tries


def elementwise(function):
    def make(case, device):
        t = tensors(case, device)
        if case["pass"] == "backward":
            x = t["x"].requires_grad_(True)
            y = function(x)
            return {"eager": lambda: torch.autograd.grad(y, [x], t["dy"], retain_graph=True)}
        return {"eager": passes(case, function, [t["x"]], t.get("dy"))}

    return make


def add(case, device):
    t = tensors(case, device)
    return {"eager": lambda: t["a"] + t["b"]}


def sup_con(case, device):
    n, d = case["inputs"]["z"]
    z = torch.randn(n, d, device=device)
    other = (torch.arange(n, device=device) + n // 2) % n
    itself = torch.eye(n, dtype=torch.bool, device=device)

    def forward(z):
        v = F.normalize(z)
        s = (v @ v.t() / case["temperature"]).masked_fill(itself, float("-inf"))
        return F.cross_entropy(s, other)

    return {"composed": passes(case, forward, [z])}


def optimizer(make):
    def timed(case, device):
        values, gradients = (case["inputs"][name][0] for name in ("values", "gradients"))
        count = 160
        parameters = [torch.randn(values // count, device=device, requires_grad=True) for _ in range(count)]
        for parameter in parameters:
            parameter.grad = torch.randn(gradients // count, device=device)
        tries = {}
        for how, foreach in (("for each", True), ("one by one", False)):
            step = make(case, parameters, foreach).step
            tries[how] = step
        return tries

    return timed


def resnet50_step(device):
    import torchvision

    model = torchvision.models.resnet50().to(device).to(memory_format=torch.channels_last)
    own = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    images = torch.randn(64, 3, 224, 224, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(1000, (64,), device=device)

    def step():
        own.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        own.step()

    return step


OPS = {
    "matmul": matmul,
    "linear": linear,
    "conv2d": conv2d,
    "batch_norm": batch_norm,
    "max_pool2d": max_pool2d,
    "layer_norm": layer_norm,
    "attention": attention,
    "relu": elementwise(F.relu),
    "gelu": elementwise(F.gelu),
    "add": add,
    "sup_con": sup_con,
    "sgd": optimizer(lambda case, ps, foreach: torch.optim.SGD(ps, 1e-3, momentum=case["momentum"], weight_decay=case["weight_decay"], foreach=foreach)),
    "adamw": optimizer(lambda case, ps, foreach: torch.optim.AdamW(ps, 1e-3, weight_decay=case["weight_decay"], foreach=foreach)),
}

if __name__ == "__main__":
    main()
