"""The Bitrix24 client: every call, list, batch and typed resource of a portal."""
