Feature: Commercial Standard: codes, products and modifiers on the drug line

  This payer takes over Medicare's rules about codes as they are; a product number (NDC) is not required.
  An authorization certifies the therapy; it does not make a wrong code right.

  Background:
    Given the example authorized-refill-with-procedure of Commercial Standard for J0945
    And the claim has claim number C-200
    And the authorization has codes J0945, J0475

  Rule: A product number is not required, and one that is given must be right

    Scenario Outline: The product number decides: <case>
      Given these claim lines
        | code  | modifiers | units | place of service | ndc   |
        | J0945 | JZ        | 4     | 11               | <ndc> |
        | 62369 |           | 1     | 11               |       |
      And the authorization has codes J0945
      When the claim is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                            | ndc           | decision | rule                | truth         |
        | none                            |               | approved | ndc-missing         | does not hold |
        | a vial of 40 mg                 | 66794-157-02  | approved | ndc-not-recognized  | does not hold |
        | an oral product                 | 99999-0010-01 | denied   | ndc-not-intrathecal | holds         |
        | one that the list does not have | 12345-6789-01 | pended   | ndc-not-recognized  | holds         |

    Scenario: An oral product is denied once, for its route
      Given the drug lines have ndc 99999-0010-01
      And the authorization has codes J0945
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                | group | carc | rarc | line |
        | ndc-not-intrathecal | CO    | 16   | M119 | 1    |

  Rule: The code must fit the drug and the route

    Scenario: Every determination on J0945 states what the official list says
      When the claim is decided
      Then it is approved
      And it advises by rule code-identity-note

    Scenario: A compounded drug under J0945 is denied
      Given it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc | line |
        | compounded-under-product-code | CO    | 16   | N56  | 1    |

    Scenario: Another route than the intrathecal one is denied
      Given line 2 has code 96522
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | route-not-intrathecal | CO    | 272  | N130 | 1    |

    Scenario: J0945 and J0475 on one day pend for review
      Given these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0945 | JZ        | 4     | 11               |     |
        | J0475 | JZ        | 4     | 11               |     |
        | 62369 |           | 1     | 11               |     |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                      | line |
        | same-drug-under-two-codes | 1    |
        | same-drug-under-two-codes | 2    |

    Scenario Outline: What decides nothing is noted: <case>
      Given these claim lines
        | code    | modifiers   | units | place of service | ndc |
        | J0945   | <modifiers> | 4     | 11               |     |
        | 62369   |             | 1     | 11               |     |
        | <other> |             | 1     | 11               |     |
      When the claim is decided
      Then line 1 is approved
      And it advises by rule <rule>

      Examples:
        | case                               | modifiers | other | rule                      |
        | another pump drug                  | JZ        | J2278 | other-drug-on-claim       |
        | an unclassified drug               | JZ        | J3490 | other-drug-on-claim       |
        | pump codes that exclude each other | JZ        | 95990 | pump-codes-together       |
        | 59 on the drug                     | JZ 59     | 99213 | distinct-service-modifier |
        | XE on the drug                     | JZ XE     | 99213 | distinct-service-modifier |

    Scenario: A distinct-service modifier replaces nothing, and nothing is missing: JZ is not required here
      Given the drug lines carry XU
      When the claim is decided
      Then it is approved
      And rule jz-missing does not hold
      And it advises by rule distinct-service-modifier

    Scenario: JZ before it existed is denied
      Given the claim has authorization number A-0
      And these claim lines
        | code  | modifiers | units | place of service | ndc | date       |
        | J0945 | JZ        | 4     | 11               |     | 2022-12-31 |
        | 62369 |           | 1     | 11               |     | 2022-12-31 |
        | J0945 | JZ        | 4     | 11               |     | 2023-01-01 |
        | 62369 |           | 1     | 11               |     | 2023-01-01 |
      And this authorization is on file
        | field         | value               |
        | number        | A-0                 |
        | status        | approved            |
        | payer         | commercial-standard |
        | plan          | P1                  |
        | member id     | M1                  |
        | provider npi  | 1234567893          |
        | codes         | J0945               |
        | valid from    | 2022-10-01          |
        | valid through | 2023-03-31          |
        | units         | 40                  |
        | units used    | 0                   |
        | requested on  | 2022-09-20          |
      When the claim is decided
      Then it is partly approved
      And line 1 is denied
      And line 3 is approved
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |
