package draft

import "strconv"

// megabytes writes a limit the way people read sizes of files: "50 MB" is the same in both languages.
func megabytes(n int64) string { return strconv.FormatInt(n>>20, 10) + " MB" }
