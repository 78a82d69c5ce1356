package service

func (m *memory) put(state string, c contractStep) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.at = m.now()
	m.steps.put(state, c)
}

// takeContract hands out a step once.
func (m *memory) takeContract(state string) (contractStep, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.steps.get(state)
	m.steps.drop(state)
	return c, ok && m.now().Sub(c.at) < pendingLife
}

func (m *memory) keepContract(session string, c signedContract) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.signed.put(session, c)
}

func (m *memory) contract(session string) (signedContract, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.signed.get(session)
}
