package store

// AnyWithRole tells whether anybody works as this: an installation's first operator is made once.
func (tx *Tx) AnyWithRole(role string) (bool, error) {
	var n int64
	err := tx.queryRow(`
		SELECT COUNT(*)
		FROM roles
		WHERE role = $1`,
		role).Scan(&n)
	return n > 0, err
}
