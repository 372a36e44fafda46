package suite

// suggest returns the configuration word nearest to an unknown one, or nothing if none is near.
func suggest(word string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, a := range algorithms() {
		for _, w := range a.words {
			if d := editDistance(word, w); d < least {
				best, least = w, d
			}
		}
	}
	return best
}

// editDistance is the number of octets to insert, remove or replace to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
