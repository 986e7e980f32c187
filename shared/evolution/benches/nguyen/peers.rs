//! Others, on the same machine: DEAP and gplearn.

use std::process::Command;

/// Prints a line per figure: random trees judged on 20 points, and whole searches.
const SCRIPT: &str = r#"
import operator, math, random, time
random.seed(0)
points = [random.uniform(-1, 1) for _ in range(20)]
wanted = [x**3 + x**2 + x for x in points]

def rate(what, work):
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 2:
        count += work()
    print(f"{what}: {count / (time.perf_counter() - start) / 1e3:.1f} thousand evaluations/s")

try:
    from deap import algorithms, base, creator, gp, tools

    def div(a, b):
        return a / b if b else 1.0

    pset = gp.PrimitiveSet("MAIN", 1)
    for f, n in ((operator.add, 2), (operator.sub, 2), (operator.mul, 2), (div, 2), (math.sin, 1), (math.cos, 1)):
        pset.addPrimitive(f, n)
    creator.create("Fit", base.Fitness, weights=(-1.0,))
    creator.create("Ind", gp.PrimitiveTree, fitness=creator.Fit)
    box = base.Toolbox()
    box.register("expr", gp.genHalfAndHalf, pset=pset, min_=1, max_=4)
    box.register("individual", tools.initIterate, creator.Ind, box.expr)
    box.register("population", tools.initRepeat, list, box.individual)

    def judge(ind):
        f = gp.compile(ind, pset)
        try:
            return (sum(abs(f(x) - y) for x, y in zip(points, wanted)),)
        except (OverflowError, ValueError):
            return (1e300,)

    trees = box.population(n=500)
    rate("DEAP, random trees", lambda: len([judge(t) for t in trees]))
    box.register("evaluate", judge)
    box.register("select", tools.selTournament, tournsize=5)
    box.register("mate", gp.cxOnePoint)
    box.register("expr_mut", gp.genFull, min_=0, max_=2)
    box.register("mutate", gp.mutUniform, expr=box.expr_mut, pset=pset)
    for name in ("mate", "mutate"):
        box.decorate(name, gp.staticLimit(key=operator.attrgetter("height"), max_value=17))

    def search():
        _, log = algorithms.eaSimple(box.population(n=500), box, 0.9, 0.1, 10, verbose=False)
        return sum(row["nevals"] for row in log)

    rate("DEAP, whole search", search)
except ImportError as error:
    print(f"DEAP is not there: {error}")

try:
    import warnings
    import numpy
    from gplearn.genetic import SymbolicRegressor
    warnings.filterwarnings("ignore")

    def search():
        SymbolicRegressor(population_size=500, generations=10, random_state=0,
            function_set=("add", "sub", "mul", "div", "sin", "cos")).fit(
            numpy.array(points).reshape(-1, 1), numpy.array(wanted))
        return 5000

    rate("gplearn, whole search", search)
except ImportError as error:
    print(f"gplearn is not there: {error}")
"#;

pub(crate) fn run() {
    println!("Others on this machine, Nguyen-1:");
    let Some(python) = std::env::var_os("TDEV_DEAP_PYTHON") else {
        println!(
            "not measured: TDEV_DEAP_PYTHON names no Python that has DEAP and gplearn \
             (pip install deap gplearn)\n"
        );
        return;
    };
    match Command::new(&python).args(["-c", SCRIPT]).output() {
        Ok(output) => {
            print!("{}", String::from_utf8_lossy(&output.stdout));
            if !output.status.success() {
                print!("{}", String::from_utf8_lossy(&output.stderr));
            }
            println!();
        }
        Err(error) => println!("not measured: {} does not run: {error}\n", python.display()),
    }
}
