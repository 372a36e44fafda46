package spd

import (
	"testing"

	"pgregory.net/rapid"
)

type trieKey struct {
	k    uint128
	bits int
}

// value is what tables under test hold: its own key and a number.
type value struct {
	key trieKey
	n   int
}

// genTrieKey draws prefixes that nest and branch often, at both ends and around the 64th bit.
func genTrieKey(t *rapid.T) trieKey {
	shift := rapid.SampledFrom([]int{0, 60, 120}).Draw(t, "shift")
	b := rapid.Uint64Range(0, 255).Draw(t, "octet")
	k := uint128{hi: b << 56}
	switch shift {
	case 60:
		k = uint128{hi: b >> 4, lo: b << 60}
	case 120:
		k = uint128{lo: b}
	}
	bits := shift + rapid.IntRange(0, 8).Draw(t, "bits")
	return trieKey{k.and(mask(bits)), bits}
}

func TestTableIsAMapOfPrefixes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var root table[value]
		model := map[trieKey]value{}
		for n := range 60 {
			key := genTrieKey(t)
			if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				root = root.remove(key.k, key.bits)
				delete(model, key)
			} else {
				model[key] = value{key, n}
				root = root.set(key.k, key.bits, model[key])
			}
		}
		checkTrie(t, root, model)
		for key := range model {
			root = root.remove(key.k, key.bits)
		}
		if !root.empty() {
			t.Fatal("the emptied table keeps nodes")
		}
	})
}

func checkTrie(t *rapid.T, root table[value], model map[trieKey]value) {
	t.Helper()
	for key, want := range model {
		if got, ok := root.get(key.k, key.bits); !ok || got != want {
			t.Fatalf("get(%x/%d) = %v, %v, want %v", key.k, key.bits, got, ok, want)
		}
	}
	for range 20 {
		key := genTrieKey(t)
		if _, ok := root.get(key.k, key.bits); ok {
			if _, has := model[key]; !has {
				t.Fatalf("get finds %x/%d", key.k, key.bits)
			}
		}
		checkWalk(t, root, model, key.k)
	}
}

// checkWalk holds the walk along an address against all prefixes of it, which it must visit from short to long.
func checkWalk(t *rapid.T, root table[value], model map[trieKey]value, address uint128) {
	t.Helper()
	want := 0
	for key := range model {
		if address.and(mask(key.bits)) == key.k {
			want++
		}
	}
	got := 0
	w := root.along(address, 128)
	for v := w.next(); v != nil; v = w.next() {
		if m, has := model[v.key]; !has || m != *v || address.and(mask(v.key.bits)) != v.key.k {
			t.Fatalf("the walk along %x visits %x/%d", address, v.key.k, v.key.bits)
		}
		got++
	}
	if got != want {
		t.Fatalf("the walk along %x visits %d of %d prefixes", address, got, want)
	}
}

func TestTrieSharesAndDoesNotChange(t *testing.T) {
	var root *trie[int]
	for n := range uint64(256) {
		root = root.set(uint128{hi: n << 56}, 8, int(n))
	}
	other := root.set(uint128{hi: 7 << 56}, 8, 1000).remove(uint128{hi: 9 << 56}, 8)
	if v, _ := root.get(uint128{hi: 7 << 56}, 8); v != 7 {
		t.Errorf("the old trie has the value %d", v)
	}
	if _, ok := root.get(uint128{hi: 9 << 56}, 8); !ok {
		t.Error("the old trie lost a value")
	}
	if other.child[15] != root.child[15] || other.child[0] == root.child[0] {
		t.Error("what did not change is not shared")
	}
}
