import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;

/** Keeps books over JDBC and prints what came back, one line for each step. */
public class Journal {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://" + arguments[0] + ":" + arguments[1] + "/demo";
        try (Connection connection = DriverManager.getConnection(url, "demo", "demo")) {
            metadata(connection.getMetaData());
            prepared(connection);
            connection.setAutoCommit(false);
            fetched(connection);
            inserted(connection);
            cancelled(connection);
            connection.rollback();
        }
    }

    static void metadata(DatabaseMetaData metadata) throws SQLException {
        StringBuilder tables = new StringBuilder("tables");
        try (ResultSet found = metadata.getTables(null, "public", "%", new String[] {"TABLE"})) {
            while (found.next()) {
                tables.append(' ').append(found.getString("TABLE_NAME"));
            }
        }
        System.out.println(tables);
        int count = 0;
        String amount = "";
        try (ResultSet found = metadata.getColumns(null, "public", "JournalEntryLines", "%")) {
            while (found.next()) {
                count++;
                if (found.getString("COLUMN_NAME").equals("LineAmount")) {
                    amount = "LineAmount:" + found.getString("TYPE_NAME") + ":"
                        + found.getInt("COLUMN_SIZE") + ":" + found.getInt("DECIMAL_DIGITS");
                }
            }
        }
        System.out.println("columns " + count + " " + amount);
        String keys = "keys";
        try (ResultSet found = metadata.getPrimaryKeys(null, "public", "JournalEntries")) {
            while (found.next()) {
                keys += " " + found.getString("COLUMN_NAME");
            }
        }
        try (ResultSet found = metadata.getImportedKeys(null, "public", "JournalEntryLines")) {
            while (found.next()) {
                keys += " " + found.getString("FKCOLUMN_NAME") + "->"
                    + found.getString("PKTABLE_NAME");
            }
        }
        System.out.println(keys);
        metadata.getTypeInfo().close();
        metadata.getSchemas().close();
        metadata.getIndexInfo(null, "public", "JournalEntries", false, false).close();
    }

    static void prepared(Connection connection) throws SQLException {
        String query = "SELECT LineAmount, Date FROM JournalEntryLines"
            + " WHERE JournalEntryID = ? AND Date >= ? AND LineAmount > ? ORDER BY LineNumber";
        int times = 0;
        String shown = "";
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            for (; times < 8; times++) { // beyond the fifth time the driver asks for binary
                statement.setString(1, "60-1632320100");
                statement.setObject(2, LocalDate.of(2021, 1, 1));
                statement.setBigDecimal(3, new BigDecimal("1.5"));
                try (ResultSet found = statement.executeQuery()) {
                    found.next();
                    shown = found.getBigDecimal(1) + " " + found.getDate(2);
                }
            }
        }
        System.out.println("rows " + times + " " + shown);
    }

    static void fetched(Connection connection) throws SQLException {
        int rows = 0;
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(50);
            try (ResultSet found = statement.executeQuery("SELECT ID FROM JournalEntryLines")) {
                while (found.next()) {
                    rows++;
                }
            }
        }
        System.out.println("fetched " + rows);
    }

    static void inserted(Connection connection) throws SQLException {
        String row = "<Row><LineType>%s</LineType><LineAccount>%s</LineAccount>"
            + "<LineAmount>2</LineAmount></Row>";
        String lines = "<JournalEntryLines>" + String.format(row, "Debit", "Meals")
            + String.format(row, "Credit", "Checking") + "</JournalEntryLines>";
        String insert = "INSERT INTO JournalEntries (ReferenceNumber, LineAggregate) VALUES (?, ?)";
        String id;
        try (PreparedStatement statement =
                connection.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
            statement.setString(1, "It's JDBC");
            statement.setString(2, lines);
            int count = statement.executeUpdate();
            try (ResultSet keys = statement.getGeneratedKeys()) {
                keys.next();
                id = keys.getString("ID");
                System.out.println("inserted " + count + " " + keys.getString("ReferenceNumber"));
            }
        }
        int before = count(connection, id);
        connection.rollback();
        System.out.println("rolledback " + before + " " + count(connection, id));
    }

    static int count(Connection connection, String id) throws SQLException {
        String query = "SELECT count(*) FROM JournalEntries WHERE ID = ?";
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, id);
            try (ResultSet found = statement.executeQuery()) {
                found.next();
                return found.getInt(1);
            }
        }
    }

    static void cancelled(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.executeQuery("SELECT count(*) FROM generate_series(1,100000) a,"
                + " generate_series(1,100000) b, generate_series(1,100000) c");
        } catch (SQLException fault) {
            System.out.println("cancelled " + fault.getSQLState());
        }
    }
}
