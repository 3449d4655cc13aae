package reports

import "math"

// SignFlip is a randomisation test that some trial's mean excess is above zero:
// the series are summed over whole blocks that are longer than their memory, and
// the largest t-statistic of the block sums is compared with those after turning
// the signs of blocks at random, the same blocks for every trial. It supposes
// only that block sums are independent and symmetric about zero, and keeps its
// level where resampled runs of days are too short for it: with strong
// autocorrelation or few years. The number of blocks is returned; below eight
// there is no p-value.
func SignFlip(excess [][]float64, blockDays int, draws int, u Uniform) (p float64, blocks int) {
	if len(excess) == 0 || blockDays < 1 {
		return math.NaN(), 0
	}
	blocks = len(excess[0]) / blockDays
	if blocks < 8 {
		return math.NaN(), blocks
	}
	sums := make([][]float64, len(excess))
	for k, d := range excess {
		sums[k] = make([]float64, blocks)
		for b := range sums[k] {
			for _, x := range d[b*blockDays : (b+1)*blockDays] {
				sums[k][b] += x
			}
		}
	}
	sign := make([]float64, blocks)
	for b := range sign {
		sign[b] = 1
	}
	seen := largestT(sums, sign)
	above := 1 // the data as they are count as one draw, so that p is never 0
	for range draws {
		for b := range sign {
			sign[b] = 1
			if u() < 0.5 {
				sign[b] = -1
			}
		}
		if largestT(sums, sign) >= seen {
			above++
		}
	}
	return float64(above) / float64(draws+1), blocks
}

// largestT is the largest t-statistic of the sums with these signs. Turning
// signs leaves the sum of squares, so only the means have to be found anew.
func largestT(sums [][]float64, sign []float64) float64 {
	best := math.Inf(-1)
	n := float64(len(sign))
	for _, s := range sums {
		sum, square := 0.0, 0.0
		for b, x := range s {
			sum += sign[b] * x
			square += x * x
		}
		mean := sum / n
		variance := (square - n*mean*mean) / (n - 1)
		if variance > 0 {
			best = math.Max(best, mean/math.Sqrt(variance/n))
		}
	}
	return best
}

// memoryDays is a block length for SignFlip: twice the mean run that resampling
// asks for, at least a week.
func memoryDays(run float64) int { return max(7, int(math.Ceil(2*run))) }
