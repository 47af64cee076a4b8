-- Deliveries about a company's books, the latest first, for the people of that company.
CREATE INDEX delivery_by_company ON delivery (company_id, number) WHERE company_id IS NOT NULL;
