"""Charts of accounts to begin with.

A chart is a list of what `CreateReference` takes, parents before children. Codes follow the usual
ranges: 1 assets, 2 liabilities, 3 equity, 4 income, 5 cost of sales, 6 and 7 expenses.
"""

from typing import Final

from daybook.domain.commands import AccountContent
from daybook.domain.ids import ByName
from daybook.domain.model import AccountKind

_STANDARD: Final = (
    ("1000", "Bank", AccountKind.BANK, "Checking"),
    ("1100", "Accounts Receivable", AccountKind.RECEIVABLE, "AccountsReceivable"),
    ("1200", "Inventory", AccountKind.OTHER_CURRENT_ASSET, "Inventory"),
    ("1300", "Prepaid Expenses", AccountKind.OTHER_CURRENT_ASSET, "PrepaidExpenses"),
    ("1400", "Undeposited Funds", AccountKind.OTHER_CURRENT_ASSET, "UndepositedFunds"),
    ("1500", "Furniture and Equipment", AccountKind.FIXED_ASSET, "FurnitureAndFixtures"),
    ("1590", "Accumulated Depreciation", AccountKind.FIXED_ASSET, "AccumulatedDepreciation"),
    ("2000", "Accounts Payable", AccountKind.PAYABLE, "AccountsPayable"),
    ("2100", "Credit Card", AccountKind.CREDIT_CARD, "CreditCard"),
    ("2200", "Sales Tax Payable", AccountKind.OTHER_CURRENT_LIABILITY, "SalesTaxPayable"),
    ("2300", "Payroll Taxes Payable", AccountKind.OTHER_CURRENT_LIABILITY, "PayrollTaxPayable"),
    ("2400", "Accrued Liabilities", AccountKind.OTHER_CURRENT_LIABILITY, "AccruedLiabilities"),
    ("2700", "Loans Payable", AccountKind.LONG_TERM_LIABILITY, "NotesPayable"),
    ("3000", "Opening Balance Equity", AccountKind.EQUITY, "OpeningBalanceEquity"),
    ("3100", "Owner's Equity", AccountKind.EQUITY, "OwnersEquity"),
    ("3200", "Retained Earnings", AccountKind.EQUITY, "RetainedEarnings"),
    ("4000", "Sales", AccountKind.INCOME, "SalesOfProductIncome"),
    ("4100", "Services", AccountKind.INCOME, "ServiceFeeIncome"),
    ("4800", "Interest Earned", AccountKind.OTHER_INCOME, "InterestEarned"),
    ("4900", "Other Income", AccountKind.OTHER_INCOME, "OtherMiscellaneousIncome"),
    ("5000", "Cost of Goods Sold", AccountKind.COST_OF_SALES, "SuppliesMaterialsCogs"),
    ("6000", "Wages and Salaries", AccountKind.EXPENSE, "PayrollExpenses"),
    ("6100", "Rent", AccountKind.EXPENSE, "RentOrLeaseOfBuildings"),
    ("6200", "Utilities", AccountKind.EXPENSE, "Utilities"),
    ("6300", "Office Expenses", AccountKind.EXPENSE, "OfficeExpenses"),
    ("6400", "Travel", AccountKind.EXPENSE, "Travel"),
    ("6450", "Meals", AccountKind.EXPENSE, "EntertainmentMeals"),
    ("6500", "Insurance", AccountKind.EXPENSE, "Insurance"),
    ("6600", "Advertising", AccountKind.EXPENSE, "AdvertisingPromotional"),
    ("6700", "Legal and Professional Fees", AccountKind.EXPENSE, "LegalProfessionalFees"),
    ("6800", "Bank Charges", AccountKind.EXPENSE, "BankCharges"),
    ("6850", "Interest Paid", AccountKind.EXPENSE, "InterestPaid"),
    ("6900", "Repairs and Maintenance", AccountKind.EXPENSE, "RepairMaintenance"),
    ("7000", "Depreciation", AccountKind.OTHER_EXPENSE, "Depreciation"),
    ("7900", "Exchange Gain or Loss", AccountKind.OTHER_EXPENSE, "ExchangeGainOrLoss"),
)

CHARTS: Final = {
    "standard": tuple(
        AccountContent(name, kind, subtype, code) for code, name, kind, subtype in _STANDARD
    ),
    "none": (),
}
"""The charts a company can be founded with, by name."""

_DEMO: Final = (
    (1, "1000", "Checking", AccountKind.BANK, "Checking", None),
    (139, "1010", "Barclays", AccountKind.BANK, "Checking", None),
    (5, "1020", "Petty Cash", AccountKind.BANK, "CashOnHand", None),
    (70, "1100", "Debtors", AccountKind.RECEIVABLE, "AccountsReceivable", None),
    (13, "1200", "Inventory Asset", AccountKind.OTHER_CURRENT_ASSET, "Inventory", None),
    (14, "1300", "Prepayments", AccountKind.OTHER_CURRENT_ASSET, "PrepaidExpenses", None),
    (15, "1400", "Undeposited Funds", AccountKind.OTHER_CURRENT_ASSET, "UndepositedFunds", None),
    (40, "1500", "Shop Fittings", AccountKind.FIXED_ASSET, "FurnitureAndFixtures", None),
    (41, "1510", "Cost", AccountKind.FIXED_ASSET, "FurnitureAndFixtures", "Shop Fittings"),
    (
        42,
        "1590",
        "Accumulated Depreciation",
        AccountKind.FIXED_ASSET,
        "AccumulatedDepreciation",
        "Shop Fittings",
    ),
    (71, "2000", "Creditors", AccountKind.PAYABLE, "AccountsPayable", None),
    (72, "2100", "Company Card", AccountKind.CREDIT_CARD, "CreditCard", None),
    (
        73,
        "2300",
        "PAYE Payable",
        AccountKind.OTHER_CURRENT_LIABILITY,
        "PayrollTaxPayable",
        None,
    ),
    (
        74,
        "2700",
        "Note Payable - Bank of Anycity",
        AccountKind.LONG_TERM_LIABILITY,
        "NotesPayable",
        None,
    ),
    (2, "3000", "Opening Balance Equity", AccountKind.EQUITY, "OpeningBalanceEquity", None),
    (3, "3100", "Share Capital", AccountKind.EQUITY, "ShareCapital", None),
    (4, "3200", "Retained Earnings", AccountKind.EQUITY, "RetainedEarnings", None),
    (26, "4000", "Sales of Product Income", AccountKind.INCOME, "SalesOfProductIncome", None),
    (27, "4100", "Services", AccountKind.INCOME, "ServiceFeeIncome", None),
    (28, "5000", "Cost of Sales", AccountKind.COST_OF_SALES, "SuppliesMaterialsCogs", None),
    (29, "6000", "Wages", AccountKind.EXPENSE, "PayrollExpenses", None),
    (30, "6100", "Rent", AccountKind.EXPENSE, "RentOrLeaseOfBuildings", None),
    (31, "6150", "Business licences", AccountKind.EXPENSE, "TaxesPaid", None),
    (32, "6200", "Utilities", AccountKind.EXPENSE, "Utilities", None),
    (33, "6210", "Electricity", AccountKind.EXPENSE, "Utilities", "Utilities"),
    (34, "6220", "Telephone", AccountKind.EXPENSE, "Utilities", "Utilities"),
    (36, "6300", "Office Expenses", AccountKind.EXPENSE, "OfficeExpenses", None),
    (44, "6450", "Meals", AccountKind.EXPENSE, "EntertainmentMeals", None),
    (45, "6500", "Insurance", AccountKind.EXPENSE, "Insurance", None),
    (46, "6800", "Bank Charges", AccountKind.EXPENSE, "BankCharges", None),
    (47, "6850", "Interest Paid", AccountKind.EXPENSE, "InterestPaid", None),
    (35, "7000", "Depreciation", AccountKind.OTHER_EXPENSE, "Depreciation", None),
)

DEMO_CHART: Final = tuple(
    (
        account_id,
        AccountContent(
            name,
            kind,
            subtype,
            code,
            currency="GBP" if name == "Barclays" else None,
            parent=None if parent is None else ByName(parent),
        ),
    )
    for account_id, code, name, kind, subtype, parent in _DEMO
)
"""The accounts of the demo companies with their numbers, some of which the interfaces' published
samples name."""
