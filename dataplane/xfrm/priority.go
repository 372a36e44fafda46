package xfrm

import "slices"

// The kernel looks at policies in the order of one number of 32 bits, the lowest first:
//
//	| band (16 bits) | 65535 - specificity (16 bits) |
//
// A band stands for one priority of ours. Bands lie apart, so that as a rule a new one finds room between two others.
const maxBand = 1<<16 - 1

// bands are the priorities in use, the highest first.
type bands struct{ list []band }

type band struct {
	priority int
	number   uint32
	users    int
}

func (b *bands) find(priority int) (int, bool) {
	return slices.BinarySearchFunc(b.list, priority, func(x band, priority int) int { return priorityOrder(x.priority, priority) })
}

func priorityOrder(a, b int) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// use notes one more user of a priority, and reports whether bands that were there have other numbers now.
func (b *bands) use(priority int) (moved bool) {
	i, ok := b.find(priority)
	if ok {
		b.list[i].users++
		return false
	}
	low, high := -1, maxBand+1
	if i > 0 {
		low = int(b.list[i-1].number)
	}
	if i < len(b.list) {
		high = int(b.list[i].number)
	}
	b.list = slices.Insert(b.list, i, band{priority, uint32((low + high) / 2), 1})
	if high-low > 1 {
		return false
	}
	b.spread()
	return true
}

// leave undoes use.
func (b *bands) leave(priority int) {
	i, ok := b.find(priority)
	if !ok {
		return
	}
	if b.list[i].users--; b.list[i].users == 0 {
		b.list = slices.Delete(b.list, i, i+1)
	}
}

// spread puts equal distances between the bands. More than there are numbers share the last.
func (b *bands) spread() {
	step := max(1, (maxBand+1)/(len(b.list)+1))
	for i := range b.list {
		b.list[i].number = uint32(min(maxBand, (i+1)*step))
	}
}

// number is the kernel's priority.
func (b *bands) number(priority, specific int) uint32 {
	i, ok := b.find(priority)
	if !ok {
		return ^uint32(0)
	}
	return b.list[i].number<<16 | uint32(maxBand-min(maxBand, max(0, specific)))
}
