package data

import (
	"encoding/binary"
	"math/bits"
)

// maxWidth is the widest packed value: a 64-bit load shifted by up to 7 bits
// still holds 57.
const maxWidth = 57

// zigzag maps small signed numbers to small unsigned ones: 0, −1, 1, −2 ...
func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// widthOf is the number of bits that hold every value of vs.
func widthOf(vs []uint64) int {
	var or uint64
	for _, v := range vs {
		or |= v
	}
	return bits.Len64(or)
}

// packedLen is the bytes that n values of width bits take.
func packedLen(n, width int) int { return (n*width + 7) / 8 }

// appendBits packs the low width bits of every value, least significant first.
func appendBits(dst []byte, vs []uint64, width int) []byte {
	var acc uint64
	held := 0
	for _, v := range vs {
		acc |= v << held
		if held+width >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			acc = 0
			if held > 0 {
				acc = v >> (64 - held)
			}
			held += width - 64
			continue
		}
		held += width
	}
	for ; held > 0; held -= 8 {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// unpackBits reads len(dst) values of width ≤ maxWidth from src, which must
// have seven readable bytes behind its packed length.
func unpackBits(dst []uint64, src []byte, width int) {
	if width == 0 {
		clear(dst)
		return
	}
	mask := uint64(1)<<width - 1
	at := uint(0)
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask
		at += uint(width)
	}
}
