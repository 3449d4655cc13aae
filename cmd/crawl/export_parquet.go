package main

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"carry/data"
)

// parquetBatch is how many rows are handed over at a time.
const parquetBatch = 1024

// parquetTable writes a Parquet file; one of its writers is nil. This is the
// only file that links the library.
type parquetTable struct {
	bars  *parquet.GenericWriter[barRow]
	paid  *parquet.GenericWriter[fundingRow]
	barsQ []barRow
	paidQ []fundingRow
}

func newParquet(w io.Writer, kind string) table {
	codec := parquet.Compression(&parquet.Zstd)
	if kind == data.KindFunding {
		return &parquetTable{paid: parquet.NewGenericWriter[fundingRow](w, codec)}
	}
	return &parquetTable{bars: parquet.NewGenericWriter[barRow](w, codec)}
}

func (t *parquetTable) bar(r *barRow) error {
	if t.barsQ = append(t.barsQ, *r); len(t.barsQ) < parquetBatch {
		return nil
	}
	_, err := t.bars.Write(t.barsQ)
	t.barsQ = t.barsQ[:0]
	return err
}

func (t *parquetTable) payment(r *fundingRow) error {
	if t.paidQ = append(t.paidQ, *r); len(t.paidQ) < parquetBatch {
		return nil
	}
	_, err := t.paid.Write(t.paidQ)
	t.paidQ = t.paidQ[:0]
	return err
}

func (t *parquetTable) end() error {
	if t.paid != nil {
		if _, err := t.paid.Write(t.paidQ); err != nil {
			return err
		}
		return t.paid.Close()
	}
	if _, err := t.bars.Write(t.barsQ); err != nil {
		return err
	}
	return t.bars.Close()
}
