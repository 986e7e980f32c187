//! What a candidate must show before it replaces the agent.
