"""``bordin audit``: what the record of a workbench can prove about itself."""
