//go:build !amd64 || purego

package checksum

func addVectors(b []byte, sum uint64) uint64 { return addWords(b, sum) }
