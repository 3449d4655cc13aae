package sim

import (
	"math"

	"carry"
)

// predictionSums collect how well the last rate a core saw before a settlement
// forecast it.
type predictionSums struct {
	n, agree                  int
	x, y, xx, yy, xy, absDiff float64
}

func (p *predictionSums) add(predicted, settled float64) {
	if predicted != predicted {
		return
	}
	p.n++
	p.x += predicted
	p.y += settled
	p.xx += float64(predicted * predicted)
	p.yy += float64(settled * settled)
	p.xy += float64(predicted * settled)
	p.absDiff += math.Abs(predicted - settled)
	if (predicted < 0) == (settled < 0) {
		p.agree++
	}
}

// Prediction is the forecast quality over all settlements since the run began,
// of all pairs whether held or not.
func (q *Quoter) Prediction() carry.Prediction {
	p := &q.pred
	out := carry.Prediction{N: p.n}
	if p.n < 2 {
		return out
	}
	n := float64(p.n)
	cov := p.xy/n - float64((p.x/n)*(p.y/n))
	vx := p.xx/n - float64((p.x/n)*(p.x/n))
	vy := p.yy/n - float64((p.y/n)*(p.y/n))
	if vx > 0 && vy > 0 {
		out.Correlation = cov / math.Sqrt(vx*vy)
	}
	out.MeanAbsErr = p.absDiff / n
	out.SignAgree = float64(p.agree) / n
	return out
}
