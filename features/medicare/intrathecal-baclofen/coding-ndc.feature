Feature: Medicare: the product number on the drug line

  Medicare does not require a product number (NDC). One that is given must be of a product for
  intrathecal use, marketed on the day, and billed with the code on the line.

  Rule: No product number is required

    Scenario: A refill without one is paid
      Given the example refill-with-procedure of Medicare for J0945
      When the claim is decided
      Then it is approved
      And rule ndc-missing does not hold
      And rule ndc-not-recognized does not hold
      And rule ndc-not-intrathecal does not hold
      And rule ndc-for-another-code does not hold

    Scenario: One of two lines may have one
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      But line 1 has ndc 66794-157-02
      When the claim is decided
      Then it is approved
      And rule ndc-missing does not hold

  Rule: A product for intrathecal use is the right one

    Scenario Outline: <case> is billed with J0945
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines have units <units>
      And the drug lines have ndc <ndc>
      When the claim is decided
      Then it is approved
      And rule ndc-not-recognized does not hold
      And rule ndc-not-intrathecal does not hold
      And rule ndc-for-another-code does not hold

      Examples:
        | case                                      | ndc           | units |
        | Lioresal, ampule of 10 mg in 20 mL        | 70121-2501-01 | 1     |
        | Lioresal, ampule of 10 mg in 5 mL         | 70121-2502-02 | 1     |
        | Lioresal, ampule of 40 mg                 | 70121-2503-01 | 4     |
        | Lioresal, two ampules of 40 mg            | 70121-2505-02 | 8     |
        | Gablofen, syringe of 10 mg                | 66794-155-01  | 1     |
        | Gablofen, vial of 20 mg                   | 66794-156-02  | 2     |
        | Gablofen, vial of 40 mg                   | 66794-157-02  | 4     |
        | A generic vial of 40 mg                   | 25021-679-20  | 4     |
        | The same number, written in eleven digits | 66794015702   | 4     |
        | The same, 5-4-2                           | 66794-0157-02 | 4     |

    Scenario: The syringe for a screening dose is billed with J0945 as well
      Given the example screening-dose of Medicare for J0945
      But the drug lines have ndc 66794-151-01
      When the claim is decided
      Then it is approved
      And rule ndc-for-another-code does not hold

  Rule: A product for another route is an error

    Scenario: An oral product is denied, once
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines have ndc 99999-0010-01
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                | group | carc | rarc | line |
        | ndc-not-intrathecal | CO    | 16   | M119 | 1    |
      And it says "not for intrathecal use, such as an oral one"

    Scenario: One oral product among two lines is enough
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      But line 1 has ndc 66794-157-02
      And line 2 has ndc 99999-0010-01
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | ndc-not-intrathecal          | CO    | 16   | M119 | 1 2  |
        | discarded-units-leave-a-rest | CO    | 16   | N822 | 1 2  |

  Rule: A number that the product list does not have is asked about

    Scenario Outline: It waits for an answer and is not denied: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines have ndc <ndc>
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule               | group | carc | rarc | line |
        | ndc-not-recognized | CO    | 16   | M119 | 1    |
      And it says "is not in the product list for 2025-03-03. Is it right?"

      Examples:
        | case                     | ndc           |
        | not known                | 12345-6789-01 |
        | two digits are exchanged | 66794-175-02  |
        | another package          | 66794-157-09  |

    Scenario: One unknown number among two lines is enough
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      But line 1 has ndc 66794-157-02
      And line 2 has ndc 12345-6789-01
      When the claim is decided
      Then it is pended
      And the reason is CO 16 with M119 from rule ndc-not-recognized

    Scenario: A number on the procedure line is no matter of the drug
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines have ndc 66794-157-02
      And line 2 has ndc 12345-6789-01
      When the claim is decided
      Then it is approved

  Rule: Product numbers are looked at where payment is asked for

    Scenario Outline: A void that names no claim is asked which one, whatever its product: <case>
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has frequency 8
      And the drug lines have ndc <ndc>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case    | ndc           |
        | oral    | 99999-0010-01 |
        | unknown | 12345-6789-01 |
