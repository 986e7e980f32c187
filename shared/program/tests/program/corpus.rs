//! Programs that mean harm.

use tdev_program::Error;

/// How a hostile program ends.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum End {
    /// It is not read.
    Unread,
    /// It does not compile.
    Uncompiled,
    /// It does not run to its end.
    Failed(Error),
}

use End::{Failed, Uncompiled, Unread};

const FUEL: End = Failed(Error::OutOfFuel);
const MEMORY: End = Failed(Error::OutOfMemory);
const DEEP: End = Failed(Error::Recursion);
const RANGE: End = Failed(Error::IntegerRange);

/// The body of `f(n)`, or, with a `def`, a whole module; `n` is 1,000,000,000.
pub(crate) const CORPUS: &[(&str, End)] = &[
    // Loops.
    ("while True: pass", FUEL),
    ("while 1:\n  if n: continue", FUEL),
    ("for i in range(10 ** 18): pass", FUEL),
    ("x = [1]\nfor y in x: x.append(y)", MEMORY),
    ("x = [1]\nfor y in x:\n  x[0] = 1\n  x += x[:1]", MEMORY),
    (
        "for a in range(n):\n  for b in range(n):\n    for c in range(n): pass",
        FUEL,
    ),
    ("return [0 for i in range(10 ** 15) if False]", FUEL),
    ("return sum(range(10 ** 15))", FUEL),
    ("return max(range(10 ** 15))", FUEL),
    ("return n in [i for i in range(10 ** 6)] or f(n)", MEMORY),
    ("return -1 in range(10 ** 15)", FUEL),
    ("return all(range(1, 10 ** 15))", FUEL),
    (
        "x = list(range(20000))\nwhile True: x.insert(0, x.pop(0))",
        FUEL,
    ),
    ("x = list(range(20000))\nwhile True: x.reverse()", FUEL),
    ("x = list(range(20000))\nwhile x: -1 in x", FUEL),
    // Recursion.
    ("return f(n)", DEEP),
    ("return f(n - 1) + f(n - 2)", DEEP),
    (
        "def g(n):\n  return f(n)\ndef f(n):\n  return g(n) * 2",
        DEEP,
    ),
    (
        "def g(n):\n  if n:\n    g(n - 1)\n    g(n - 1)\ndef f(n):\n  g(100)",
        FUEL,
    ),
    // Memory.
    ("x = 'a'\nwhile True: x += x", MEMORY),
    ("x = 'a'\nwhile True: x = x + 'b' + x", MEMORY),
    ("x = [1]\nwhile True: x = x + x", MEMORY),
    ("x = [1]\nwhile True: x += x", MEMORY),
    ("x = (1,)\nwhile True: x += x", MEMORY),
    ("return 'a' * n", MEMORY),
    ("return n * [0]", MEMORY),
    ("x = [0]\nx *= n", MEMORY),
    (
        "return [0] * 9223372036854775807 * 9223372036854775807",
        MEMORY,
    ),
    ("return 'ab' * 9223372036854775807", MEMORY),
    ("return list(range(n))", MEMORY),
    ("return tuple(range(n))", MEMORY),
    ("return sorted(range(n))", MEMORY),
    ("return list(zip(range(n), range(n)))", MEMORY),
    ("x = []\nwhile True: x.append(x)", MEMORY),
    ("x = []\nwhile True: x.insert(0, 1)", FUEL),
    ("x = {}\nfor i in range(n): x[i] = i", MEMORY),
    (
        "x = {}\nfor i in range(n): x.setdefault(str(i), [])",
        MEMORY,
    ),
    ("while True: x = {1: {2: [3]}}", MEMORY),
    ("x = 'a' * 1000000\nreturn x.join(x)", MEMORY),
    ("x = 'a' * 1000\nwhile True: x = x.replace('a', x)", MEMORY),
    ("x = 'a' * 100000\nreturn x.replace('', x)", MEMORY),
    ("x = 'a ' * 1000000\nreturn x.split()", MEMORY),
    ("x = 'a,' * 1000000\nreturn x.split(',')", MEMORY),
    ("x = 'a' * 1000000\nwhile True: x = x.upper()", MEMORY),
    ("x = 'é' * 400000\nwhile True: x = x[::-1]", MEMORY),
    ("x = [1] * 100000\nwhile True: str(x)", MEMORY),
    ("x = []\nx.extend(i for i in range(n))", Unread),
    ("x = []\nx.extend(range(n))", MEMORY),
    ("x = 'a' * 4000000\nwhile True: 'b' in x", FUEL),
    ("x = 'a' * 4000000\nwhile True: x.strip('b')", FUEL),
    // What is shared is met often.
    ("x = [1]\nfor i in range(50): x = [x, x]\nreturn x", MEMORY),
    (
        "x = [1]\nfor i in range(50): x = [x, x]\nreturn str(x)",
        MEMORY,
    ),
    (
        "x = [1]\ny = [1]\nfor i in range(50):\n  x = [x, x]\n  y = [y, y]\nreturn x == y",
        FUEL,
    ),
    (
        "x = [1]\ny = [1]\nfor i in range(50):\n  x = [x, x]\n  y = [y, y]\nreturn x < y",
        FUEL,
    ),
    (
        "x = (1,)\nfor i in range(50): x = (x, x)\nreturn {x: 1}",
        FUEL,
    ),
    // Nesting of values.
    ("x = []\nfor i in range(1000): x = [x]\nreturn x", DEEP),
    ("x = []\nfor i in range(1000): x = [x]\nreturn str(x)", DEEP),
    (
        "x = []\nfor i in range(1000): x = {1: x}\nreturn str(x)",
        DEEP,
    ),
    (
        "x = ()\nfor i in range(1000): x = (x,)\nreturn {x: 1}",
        DEEP,
    ),
    (
        "x = []\ny = []\nfor i in range(1000):\n  x = [x]\n  y = [y]\nreturn x == y",
        DEEP,
    ),
    ("x = []\nx.append(x)\nreturn x", DEEP),
    ("x = []\nx.append(x)\nreturn str(x)", DEEP),
    ("x = []\ny = [x]\nx.append(y)\nreturn x == y", DEEP),
    ("x = {}\nx[1] = x\nreturn x", DEEP),
    // Integers.
    ("return 2 ** n", RANGE),
    ("return 9 ** 9 ** 9", RANGE),
    ("return 1 << n", RANGE),
    ("x = n\nwhile True: x *= x", RANGE),
    ("return int('9' * 100000)", RANGE),
    ("return round(1e300)", RANGE),
    // What is no error elsewhere.
    (
        "x = [float('nan'), 1.0, float('nan'), 2, 0] * 1000\nx.sort()\nreturn x[n]",
        Failed(Error::Index),
    ),
    (
        "x = [[1], 'a', None] * 100\nreturn sorted(x)",
        Failed(Error::Type),
    ),
    (
        "x = [1, 2, 3]\nreturn x[-9223372036854775807]",
        Failed(Error::Index),
    ),
    (
        "return [1, 2, 3][::-9223372036854775808][n]",
        Failed(Error::Index),
    ),
    (
        "return [1, 2, 3][9223372036854775807:-9223372036854775808:-9223372036854775808][n]",
        Failed(Error::Index),
    ),
    (
        "return list(range(-9223372036854775808, 9223372036854775807))",
        MEMORY,
    ),
    ("for i in reversed(range(9223372036854775807)): pass", FUEL),
    (
        "return -9223372036854775808 % -1 + (-9223372036854775808) // -1",
        RANGE,
    ),
    (
        "x = {1: 1}\nfor k in x:\n  x.pop(k)\n  x[k + 1] = 1",
        Failed(Error::Runtime),
    ),
    ("return chr(55296)", Failed(Error::Unsupported)),
    // What is outside the subset, or looks for a way out of it.
    ("return ().__class__.__bases__", Unread),
    ("import os", Unread),
    ("return eval('1')", Uncompiled),
    ("return open('x')", Uncompiled),
    ("return __import__('os')", Uncompiled),
    ("return math", Uncompiled),
    ("exec('x')", Uncompiled),
    ("return [f for f in [f]]", Uncompiled),
];
