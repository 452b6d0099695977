// All eigenvalues and eigenvectors of a symmetric matrix, by parallel cyclic Jacobi rotations, of which the `k` smallest are kept.
// A round rotates size / 2 disjoint pairs (p, q), so that a_pq becomes 0; size - 1 rounds, in the order of a round-robin
// tournament, meet each pair once: a sweep. After `sweeps` of them what is left off the diagonal is rounding.
// Layout: the matrix is [n, n]; a and v are scratch, [size, size] with size even: a copy of it, which becomes diagonal, and its
// eigenvectors in columns; where n is odd, a's last row and column are 0 and are never turned. values [k] ascending, vectors [k, n].
// Scheme: one workgroup. In a round, first an invocation a pair finds its rotation; then an invocation a pair of pairs turns
// their 2 × 2 block of a from both sides, which nobody else reads or writes, and the pair's columns of v. Two barriers a round.
// Traffic: a and v once a round, from cache: 8 n² bytes, n rounds a sweep. Meant for the hundred rows of a micro-batch.
// Source: Brent and Luk, "The Solution of Singular-Value and Symmetric Eigenvalue Problems on Multiprocessor Arrays", 1985;
// the rotation is Golub and Van Loan's, 8.5.2.
//
// @kernel jacobi

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  n: u32,
  size: u32,
  sweeps: u32,
  k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
// x, y: cosine and sine of each pair's rotation.
@group(0) @binding(3) var<storage, read_write> rotations: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<f32>;
@group(0) @binding(5) var<storage, read_write> vectors: array<f32>;
@group(0) @binding(6) var<storage, read> matrix: array<f32>;

// The pair's number in a round: index 0 stays, all others move on by one place each round.
fn pair_of(pair: u32, round: u32) -> vec2u {
  let others = params.size - 1u;
  let first = select((pair + round - 1u) % others + 1u, 0u, pair == 0u);
  let second = (params.size - 1u - pair + round - 1u) % others + 1u;
  return vec2u(min(first, second), max(first, second));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let size = params.size;
  let pairs = size / 2u;
  for (var at = lane; at < size * size; at += WORKGROUP) {
    let row = at / size;
    let column = at % size;
    v[at] = select(0.0, 1.0, row == column);
    let place = min(row, params.n - 1u) * params.n + min(column, params.n - 1u);
    a[at] = select(0.0, matrix[place], (row < params.n) & (column < params.n));
  }
  for (var turn = 0u; turn < params.sweeps * (size - 1u); turn++) {
    let round = turn % (size - 1u) + size;
    storageBarrier();
    for (var pair = lane; pair < pairs; pair += WORKGROUP) {
      let own = pair_of(pair, round);
      let off = a[own.x * size + own.y];
      let theta = (a[own.y * size + own.y] - a[own.x * size + own.x]) / (2.0 * off);
      let magnitude = 1.0 / (abs(theta) + sqrt(theta * theta + 1.0));
      let tangent = select(magnitude, -magnitude, theta < 0.0);
      // Where there is nothing to turn, or so little that theta overflows.
      let turns = (off != 0.0) & (abs(theta) < 1e18);
      let t = select(0.0, tangent, turns);
      let cosine = 1.0 / sqrt(t * t + 1.0);
      rotations[pair] = vec4f(cosine, t * cosine, 0.0, 0.0);
    }
    storageBarrier();
    for (var block = lane; block < pairs * pairs; block += WORKGROUP) {
      let row_pair = block / pairs;
      let column_pair = block % pairs;
      let rows = pair_of(row_pair, round) * size;
      let columns = pair_of(column_pair, round);
      let left = rotations[row_pair];
      let right = rotations[column_pair];
      let first = vec2f(a[rows.x + columns.x], a[rows.x + columns.y]);
      let second = vec2f(a[rows.y + columns.x], a[rows.y + columns.y]);
      let upper = left.x * first - left.y * second;
      let lower = left.y * first + left.x * second;
      // What the rotation makes 0 is set to 0: rounding would keep the sweeps from ending.
      let same = row_pair == column_pair;
      a[rows.x + columns.x] = right.x * upper.x - right.y * upper.y;
      a[rows.x + columns.y] = select(right.y * upper.x + right.x * upper.y, 0.0, same & (left.y != 0.0));
      a[rows.y + columns.x] = select(right.x * lower.x - right.y * lower.y, 0.0, same & (left.y != 0.0));
      a[rows.y + columns.y] = right.y * lower.x + right.x * lower.y;
    }
    for (var item = lane; item < size * pairs; item += WORKGROUP) {
      let row = item / pairs * size;
      let columns = pair_of(item % pairs, round);
      let own = rotations[item % pairs];
      let x = v[row + columns.x];
      let y = v[row + columns.y];
      v[row + columns.x] = own.x * x - own.y * y;
      v[row + columns.y] = own.y * x + own.x * y;
    }
  }
  storageBarrier();
  for (var i = lane; i < params.n; i += WORKGROUP) {
    let value = a[i * size + i];
    var smaller = 0u;
    for (var j = 0u; j < params.n; j++) {
      let other = a[j * size + j];
      smaller += select(0u, 1u, (other < value) | ((other == value) & (j < i)));
    }
    if (smaller < params.k) {
      values[smaller] = value;
      for (var row = 0u; row < params.n; row++) {
        vectors[smaller * params.n + row] = v[row * size + i];
      }
    }
  }
}
