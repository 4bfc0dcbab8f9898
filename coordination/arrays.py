"""Between Arrow and numpy without pandas: Arrow's own ways load it, which costs a small run more
time than its work. Numbers without nulls only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 100_000
"""Names that may stand in any dictionary, used or not."""
WHEN = pa.timestamp("us", "UTC")


def numbers(column: pa.ChunkedArray[Any]) -> NDArray[Any]:
    """A column of numbers (integers or floats, no nulls, no booleans) as one numpy array."""
    dtype = np.dtype(str(column.type).replace("double", "float64"))
    parts = [_part(chunk, dtype) for chunk in column.chunks if len(chunk)]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, dtype), *parts])


def _part(chunk: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)


def column(values: NDArray[Any], kind: pa.DataType | None = None) -> pa.Array[Any]:
    """A numpy array as Arrow's, without copying; `kind` where it stands for something else."""
    kind = kind or pa.from_numpy_dtype(values.dtype)
    data: Any = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(data)])


def of_one_layer(layer: str, rows: int) -> pa.Array[Any]:
    """A list of this one name for each row."""
    raw = layer.encode()
    ends: Any = np.array([0, len(raw)], dtype=np.int32)
    word: Any = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(ends), pa.py_buffer(raw)])
    name: Any = pa.DictionaryArray.from_arrays(column(np.zeros(rows, dtype=np.int32)), word)
    lists: Any = pa.ListArray
    found: pa.Array[Any] = lists.from_arrays(column(np.arange(rows + 1, dtype=np.int32)), name)
    return found


def named(codes: NDArray[np.integer[Any]], names: pa.Array[Any]) -> pa.Array[Any]:
    """Names by their numbers, as Parquet and Arrow keep repeated texts.

    Of many names only those that are used are in the dictionary: each block has its own.
    """
    if len(names) > max(2 * len(codes), FEW):
        used = np.zeros(len(names), dtype=bool)
        used[codes] = True
        place = np.cumsum(used, dtype=np.int32)
        names, codes = names.take(column(np.flatnonzero(used))), place[codes] - 1
    made: pa.Array[Any] = pa.DictionaryArray.from_arrays(column(codes.astype(np.int32)), names)
    return made
