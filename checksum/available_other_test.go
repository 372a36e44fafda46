//go:build !amd64 || purego

package checksum

func available() map[string]func([]byte, uint64) uint64 {
	return map[string]func([]byte, uint64) uint64{"Go": addWords, "Add": Add}
}
