package oracle

import "testing"

func TestX(t *testing.T) {}
