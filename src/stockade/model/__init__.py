"""The values that cross the edges: frozen, slotted, without behaviour that reaches outside.

Import from the module that owns the word (`stockade.model.ban`, `stockade.model.settings`, …). Nothing here imports
another part of Stockade.
"""
