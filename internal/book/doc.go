// Package book is an exact double-entry book of one account, rebuilt from
// events alone. It is the same in a backtest and live.
//
// The simulated exchange keeps its own accounts; this book recomputes every
// amount from an event's price, quantity and rate, keeps its own balances and
// compares both with what the venue says. The two share no arithmetic: nothing
// here uses the root's products and divisions (see arith.go).
//
// # Units
//
// Wallets and amounts are 1e-8 USDT, coins 1e-8 coins, everything that is
// attributed is 1e-16 USDT. With Q quanta of 10^-dp coins (or contracts), a
// price P in 1e-8 USDT and s = 10^(8−dp), the notional is exactly P·Q·s.
//
// # The identity
//
// Let σ be the side of a fill (+1 buy), R the reference price, c the coins held,
// q the contracts held (negative: short), C their signed notional at entry, W1
// and W2 the wallets, S and M any spot and mark price. Equity, from balances:
//
//	E = W1 + W2 + Σ (c·S + q·s·M − C)
//
// The parts, from postings, with Value = c·S + q·s·M, which has no C in it:
//
//	T = Σ (Funding + SpotFees + PerpFees + Slippage + Liquidation + Dust + BasisFlow + Value)
//
// Claim: E − Σ owner's flows = T after every event, at any prices. Both sides
// hold the same c·S + q·s·M, so it is enough that each event moves
// W1 + W2 − ΣC − flows as much as it moves the parts without Value.
//
//   - Spot fill. A = ⌊−σPQs⌋ to 1e-8 USDT, against us. W1 moves by A − Fee.
//     Slippage −σ(P−R)Qs, SpotFees −Fee − FeeCoins·R, BasisFlow −σRQs + FeeCoins·R,
//     Dust A + σPQs: the terms in R cancel, the sum is A − Fee. ∎
//   - Perp fill that opens or increases. A = 0, C moves by σPQs, so W2 − C moves
//     by −Fee − σPQs. Slippage −σ(P−R)Qs, PerpFees −Fee, BasisFlow −σRQs. ∎
//   - Perp fill that reduces by Q ≤ |q|. A = ⌊−C·Q/|q| − σPQs⌋ to 1e-8 USDT, the
//     floor of the exact rational; C moves by σPQs + A. So W2 − C moves by
//     A − Fee − σPQs − A = −Fee − σPQs, whatever A is: what the rounding kept back
//     stays in C for the next reduction. Parts as above. ∎
//   - … and q becomes 0. C would be left with A + C + σPQs =: ε in (−1e-8, 0],
//     which belongs to no contract any more. C becomes 0, W2 − C moves by ε more,
//     and Dust gets ε. ∎
//   - Liquidation. As a reducing fill; fee, slippage against the mark and what the
//     insurance fund adds (Amount above A) are Liquidation. ∎
//   - A fee in BNB. The stock b falls by it and is worth P then: E, which holds
//     b at BNB's last price, falls by FeeBNB·P, and so do the pair's fees. What
//     BNB's price does to the stock is Basis of the account: Σ FeeBNB·P, less what
//     the owner brought at its price then, plus the stock at the last price. ∎
//   - Coins or BNB moved between the wallets: nothing moves. ∎
//   - Funding: W2 and the funding part move by Amount. Transfer: W1 + W2 does not
//     move. Flow: W and flows move alike. ∎
//
// The floor of the rational is computed as ⌊(⌊−C·Q/|q|⌋ − σPQs)/1e8⌋, which is
// the same: the inner fraction is below one 1e-16 and ⌊⌊x⌋/n⌋ = ⌊x/n⌋.
package book
