package suite

// suggest returns the configuration word nearest to an unknown one, or nothing if none is near. Of several at the same
// distance it is the one that starts like the word for longest.
func suggest(word string) string {
	best, least, longest := "", max(2, len(word)/3)+1, 0
	for _, a := range algorithms() {
		for _, w := range a.words {
			d, same := editDistance(word, w), commonPrefix(word, w)
			if d < least || d == least && best != "" && same > longest {
				best, least, longest = w, d, same
			}
		}
	}
	return best
}

// commonPrefix is the number of octets with which both strings start.
func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
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
