package spd

import "hash/maphash"

// Hash adds a list of selectors to what is hashed. Lists count as different when their order is.
func Hash(h *maphash.Hash, list []Selector) {
	maphash.WriteComparable(h, len(list))
	for _, s := range list {
		maphash.WriteComparable(h, s)
	}
}
