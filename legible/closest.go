package legible

import "strings"

// Closest returns the name, of those in lower case, that takes the fewest edits, if those are few; "" if none does.
func Closest(name string, names []string) string {
	const longest = 64 // the distance costs the product of both lengths
	if len(name) > longest {
		return ""
	}
	best, limit := "", min(3, max(1, len(name)/3))
	for _, candidate := range names {
		if by := distance(strings.ToLower(name), candidate); by <= limit {
			best, limit = candidate, by-1
		}
	}
	return best
}

// distance is the number of octets to insert, remove, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
