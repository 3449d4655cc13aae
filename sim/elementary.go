package sim

import "math"

// The standard library's Exp and Log are assembly on some machines and fused on
// others, so their last bits differ. These use + − × ÷ Sqrt Floor and bit tricks
// only, with no product that could be fused into a sum.

// Constants of exp and ln (FreeBSD msun e_exp.c, e_log.c; Sun Microsystems 1993).
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
	log2e = 1.44269504088896338700e+00
)

// exp is e^x within 1 ulp; subnormal results within a few steps.
func exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	k := math.Floor(float64(log2e*x) + 0.5)
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	p := float64(t*4.13813679705723846039e-08) - 1.65339022054652515390e-06
	p = float64(t*p) + 6.61375632143793436117e-05
	p = float64(t*p) - 2.77777777770155933842e-03
	p = float64(t*p) + 1.66666666666666657415e-01
	c := r - float64(t*p)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return scaleByTwo(y, int(k))
}

// scaleByTwo is y·2^k for y near 1, in two steps where one factor would leave
// the range of normal numbers.
func scaleByTwo(y float64, k int) float64 {
	switch {
	case k > 1023:
		return float64(y*math.Float64frombits(uint64(1023+1023)<<52)) * math.Float64frombits(uint64(k-1023+1023)<<52)
	case k < -1022:
		return float64(y*math.Float64frombits(uint64(k+1000+1023)<<52)) * math.Float64frombits(uint64(1023-1000)<<52)
	}
	return y * math.Float64frombits(uint64(k+1023)<<52)
}

// ln is the natural logarithm within 1 ulp; NaN below 0, −Inf at 0.
func ln(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	k := 0
	if x < 0x1p-1022 {
		x *= 0x1p54
		k = -54
	}
	b := math.Float64bits(x)
	k += int(b>>52) - 1023
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52) // [1, 2)
	if m > math.Sqrt2 {
		m = float64(0.5 * m)
		k++
	}
	f := m - 1
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s4*1.479819860511658591e-01) + 1.818357216161805012e-01
	t1 = float64(s4*t1) + 2.857142874366239149e-01
	t1 = float64(s4*t1) + 6.666666666666735130e-01
	t2 := float64(s4*1.531383769920937332e-01) + 2.222219843214978396e-01
	t2 = float64(s4*t2) + 3.999999999940941908e-01
	r := float64(s2*t1) + float64(s4*t2)
	half := float64(0.5 * float64(f*f))
	kf := float64(k)
	return float64(kf*ln2Hi) - ((half - (float64(s*(half+r)) + float64(kf*ln2Lo))) - f)
}

// power is x^y for x > 0, good to about 1e-14 relative for moderate exponents.
func power(x, y float64) float64 { return exp(float64(y * ln(x))) }

// normalQuantile is the inverse of the standard normal distribution function,
// 0 < p < 1, to about 1e-16 relative (Wichura 1988, AS 241, PPND16).
func normalQuantile(p float64) float64 {
	q := p - 0.5
	if q <= 0.425 && q >= -0.425 {
		return normalCentre(q)
	}
	tail := p
	if q > 0 {
		tail = 1 - p
	}
	x := normalTail(math.Sqrt(-ln(tail)))
	if q < 0 {
		return -x
	}
	return x
}

func normalCentre(q float64) float64 {
	r := 0.180625 - float64(q*q)
	n := float64(r*2.5090809287301226727e+3) + 3.3430575583588128105e+4
	n = float64(r*n) + 6.7265770927008700853e+4
	n = float64(r*n) + 4.5921953931549871457e+4
	n = float64(r*n) + 1.3731693765509461125e+4
	n = float64(r*n) + 1.9715909503065514427e+3
	n = float64(r*n) + 1.3314166789178437745e+2
	n = float64(r*n) + 3.3871328727963666080e+0
	d := float64(r*5.2264952788528545610e+3) + 2.8729085735721942674e+4
	d = float64(r*d) + 3.9307895800092710610e+4
	d = float64(r*d) + 2.1213794301586595867e+4
	d = float64(r*d) + 5.3941960214247511077e+3
	d = float64(r*d) + 6.8718700749205790830e+2
	d = float64(r*d) + 4.2313330701600911252e+1
	d = float64(r*d) + 1
	return float64(q*n) / d
}

// normalTail takes r = sqrt(−ln tail) and returns the positive quantile.
func normalTail(r float64) float64 {
	if r <= 5 {
		r -= 1.6
		n := float64(r*7.74545014278341407640e-4) + 2.27238449892691845833e-2
		n = float64(r*n) + 2.41780725177450611770e-1
		n = float64(r*n) + 1.27045825245236838258e+0
		n = float64(r*n) + 3.64784832476320460504e+0
		n = float64(r*n) + 5.76949722146069140550e+0
		n = float64(r*n) + 4.63033784615654529590e+0
		n = float64(r*n) + 1.42343711074968357734e+0
		d := float64(r*1.05075007164441684324e-9) + 5.47593808499534494600e-4
		d = float64(r*d) + 1.51986665636164571966e-2
		d = float64(r*d) + 1.48103976427480074590e-1
		d = float64(r*d) + 6.89767334985100004550e-1
		d = float64(r*d) + 1.67638483018380384940e+0
		d = float64(r*d) + 2.05319162663775882187e+0
		d = float64(r*d) + 1
		return n / d
	}
	r -= 5
	n := float64(r*2.01033439929228813265e-7) + 2.71155556874348757815e-5
	n = float64(r*n) + 1.24266094738807843860e-3
	n = float64(r*n) + 2.65321895265761230930e-2
	n = float64(r*n) + 2.96560571828504891230e-1
	n = float64(r*n) + 1.78482653991729133580e+0
	n = float64(r*n) + 5.46378491116411436990e+0
	n = float64(r*n) + 6.65790464350110377720e+0
	d := float64(r*2.04426310338993978564e-15) + 1.42151175831644588870e-7
	d = float64(r*d) + 1.84631831751005468180e-5
	d = float64(r*d) + 7.86869131145613259100e-4
	d = float64(r*d) + 1.48753612908506148525e-2
	d = float64(r*d) + 1.36929880922735805310e-1
	d = float64(r*d) + 5.99832206555887937690e-1
	d = float64(r*d) + 1
	return n / d
}
