"""Branch-free natural logarithm, which the compiler can vectorise to four values at a time.

The algorithm of Sun's fdlibm, e_log.c (1993), as in FreeBSD and musl: x = 2^k (1 + f) with 1 + f between √½ and √2,
and ln(1 + f) by a polynomial in f / (2 + f); the error is below 1 ulp. Unlike that of the system library, its result
is bit-identical on every machine.
"""

import numpy as np

from operators.kernels import kernel

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
L1, L2, L3, L4, L5, L6, L7 = (
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01),
    *(1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01),
)
ONE, ROOT_HALF = np.uint64(0x3FF0000000000000), np.uint64(0x3FE6A09E00000000)
MANTISSA, EXPONENT = np.uint64(0x000FFFFFFFFFFFFF), np.uint64(52)
TWO_52, BIAS = np.uint64(0x4330000000000000), 2.0**52 + 1023.0
"""An integer n below 2^52 in the low bits of the double 2^52 reads as 2^52 + n: a vectorisable conversion to float."""


@kernel
def ln(x):
    """Natural logarithm; -inf at 0, NaN below. Not accurate for subnormal arguments, below 2e-308."""
    bits = np.float64(x).view(np.uint64) + (ONE - ROOT_HALF)
    k = np.uint64((bits >> EXPONENT) | TWO_52).view(np.float64) - BIAS
    f = np.uint64((bits & MANTISSA) + ROOT_HALF).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    rest = w * (L2 + w * (L4 + w * L6)) + z * (L1 + w * (L3 + w * (L5 + w * L7)))
    half = 0.5 * f * f
    value = s * (half + rest) + k * LN2_LOW - half + f + k * LN2_HIGH
    value = value if x < np.inf else x
    return value if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
